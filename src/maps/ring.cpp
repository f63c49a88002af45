// Ring buffers: records in the order of their reservation, with the kernel's format
// (kernel/bpf/ringbuf.c).
//
//   offset  bytes  field
//        0    128  Header                  max_entries: bytes of data, a power of two
//      128      4  lock                    of the producers (maps/lock.hpp)
//      136      8  pending                 position of the oldest record that is not finished
//     4096      8  consumer                position up to which records were read
//     8192      8  producer                position behind the last record
//    12288      -  data                    mapped twice in a row: records that wrap are one piece
//
// Positions only grow; a record is at position modulo the data size. It begins with 4 bytes of
// length, of which bit 31 says that its producer is not done and bit 30 that it is to be skipped,
// and 4 bytes of distance in pages to the segment's start. Readers take no lock: they stop at the
// first busy record. There is one reader at a time.
#include "maps/kinds.hpp"
#include "maps/lock.hpp"
#include "maps/words.hpp"

namespace skep::maps {
namespace {

constexpr u32 kBusy = 1u << 31, kDiscard = 1u << 30;
constexpr u64 kRecordHeaderBytes = 8;
constexpr u64 kRecordBytesMax = 0xffffffffu / 4;  // RINGBUF_MAX_RECORD_SZ
constexpr u64 kDataOffset = 3 * kPageBytes;

struct Ring {
  Header common;
  std::atomic<u32> lock;
  std::atomic<u64> pending;
  alignas(kPageBytes) std::atomic<u64> consumer;
  alignas(kPageBytes) std::atomic<u64> producer;
};
static_assert(offsetof(Ring, lock) == 128 && offsetof(Ring, consumer) == 4096 &&
              sizeof(Ring) == kDataOffset);

struct RecordHeader {
  std::atomic<u32> length;
  u32 pages;
};
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);

RecordHeader& record_at(Ring& ring, u64 position) {
  return *reinterpret_cast<RecordHeader*>(
      at(ring.common, kDataOffset + (position & (ring.common.max_entries - 1))));
}

u64 bytes_of_record(u32 length) {
  return rounded_up((length & ~(kBusy | kDiscard)) + kRecordHeaderBytes, 8);
}

// Moves `pending` over the records that were finished since.
u64 advance_pending(Ring& ring, u64 producer) {
  u64 pending = ring.pending.load(std::memory_order_relaxed);
  while (pending < producer) {
    const u32 length = record_at(ring, pending).length.load(std::memory_order_acquire);
    if ((length & kBusy) != 0) break;
    pending += bytes_of_record(length);
  }
  ring.pending.store(pending, std::memory_order_relaxed);
  return pending;
}

void* reserve_locked(Ring& ring, u32 bytes) {
  const u64 mask = ring.common.max_entries - 1;
  const u64 consumer = ring.consumer.load(std::memory_order_acquire);
  const u64 producer = ring.producer.load(std::memory_order_relaxed);
  const u64 after = producer + bytes_of_record(bytes);
  if (after - consumer > mask || after - advance_pending(ring, producer) > mask) return nullptr;
  RecordHeader& record = record_at(ring, producer);
  const u64 distance = reinterpret_cast<std::byte*>(&record) - at(ring.common, 0);
  record.pages = static_cast<u32>(distance / kPageBytes);
  record.length.store(bytes | kBusy, std::memory_order_relaxed);
  ring.producer.store(after, std::memory_order_release);
  return &record + 1;
}

void commit(void* record, u32 flags) {
  std::atomic<u32>& length = (static_cast<RecordHeader*>(record) - 1)->length;
  length.store((length.load(std::memory_order_relaxed) & ~kBusy) | flags,
               std::memory_order_release);
}

}  // namespace

Result<Mapping> RingMap::create(const platform::MapSpec& spec, u64) {
  Mapping segment = TRY(Mapping::of_ring(kDataOffset, spec.max_entries));
  begin_segment(segment, spec, kDataOffset, 8);
  return segment;
}

void* ring_reserve(Header& map, u64 bytes) {
  auto& ring = reinterpret_cast<Ring&>(map);
  if (bytes <= kRecordBytesMax &&
      rounded_up(bytes + kRecordHeaderBytes, 8) <= ring.common.max_entries) {
    const Lock lock(ring.lock);
    if (void* record = reserve_locked(ring, static_cast<u32>(bytes))) return record;
  }
  ring.common.lost.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

void ring_submit(void* record) { commit(record, 0); }

void ring_discard(void* record) { commit(record, kDiscard); }

s64 ring_output(Header& ring, const void* data, u64 bytes) {
  constexpr s64 kAgain = -11;
  void* record = ring_reserve(ring, bytes);
  if (record == nullptr) return kAgain;
  std::memcpy(record, data, bytes);
  ring_submit(record);
  return 0;
}

u64 ring_query(const Header& map, u64 what) {
  const auto& ring = reinterpret_cast<const Ring&>(map);
  const u64 consumer = ring.consumer.load(std::memory_order_acquire);
  const u64 producer = ring.producer.load(std::memory_order_acquire);
  switch (what) {
    case 0: return producer - consumer;      // BPF_RB_AVAIL_DATA
    case 1: return ring.common.max_entries;  // BPF_RB_RING_SIZE
    case 2: return consumer;                 // BPF_RB_CONS_POS
    case 3: return producer;                 // BPF_RB_PROD_POS
    default: return 0;
  }
}

u64 RingMap::drain(Header& map, const std::function<void(std::span<const std::byte>)>& sink) {
  auto& ring = reinterpret_cast<Ring&>(map);
  u64 delivered = 0;
  u64 position = ring.consumer.load(std::memory_order_relaxed);
  while (position < ring.producer.load(std::memory_order_acquire)) {
    RecordHeader& record = record_at(ring, position);
    const u32 length = record.length.load(std::memory_order_acquire);
    if ((length & kBusy) != 0) break;
    if ((length & kDiscard) == 0) {
      sink({reinterpret_cast<const std::byte*>(&record + 1), length});
      ++delivered;
    }
    position += bytes_of_record(length);
    ring.consumer.store(position, std::memory_order_release);
  }
  return delivered;
}

// Inside a record that is reserved right now.
bool RingMap::contains(const Header& map, u64 address, u32 bytes) {
  auto& ring = reinterpret_cast<Ring&>(const_cast<Header&>(map));
  const u64 producer = ring.producer.load(std::memory_order_acquire);
  for (u64 position = ring.pending.load(std::memory_order_relaxed); position < producer;) {
    RecordHeader& record = record_at(ring, position);
    const u32 length = record.length.load(std::memory_order_acquire);
    const u64 first = reinterpret_cast<u64>(&record + 1);
    const u64 size = length & ~(kBusy | kDiscard);
    if ((length & kBusy) != 0 && address >= first && address - first + bytes <= size) return true;
    position += bytes_of_record(length);
  }
  return false;
}

}  // namespace skep::maps
