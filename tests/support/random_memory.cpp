// Parts of random programs that touch packets, values of maps and the stack.
#include "support/random_writer.hpp"

namespace skep::test {

// Comparisons of a pointer with the packet's end, behind which the pointer is not beyond it.
// `one_more`: it is in front of it.
void Writer::compare_with_end(u8 pointer, u8 end, bool& one_more) {
  const u32 way = choices_.below(7);
  one_more = way >= 5;
  switch (way) {
    case 0:
    case 1: return leave_if(jump_reg(Jump::gt, pointer, end, 0));
    case 2: return leave_if(jump_reg(Jump::lt, end, pointer, 0));
    case 3:
    case 4:
      put(way == 3 ? jump_reg(Jump::le, pointer, end, here() + 2)
                   : jump_reg(Jump::ge, end, pointer, here() + 2));
      outs_.push_back(here());
      return put(go(0));
    case 5: return leave_if(jump_reg(Jump::ge, pointer, end, 0));
    default: return leave_if(jump_reg(Jump::le, end, pointer, 0));
  }
}

void Writer::take_packet() {
  const u8 data = target(), end = target(), scratch = target();
  if (data == end || data == scratch || end == scratch) return;
  const u32 bytes = 1 + choices_.below(60);
  put(load(Width::w32, data, kContext, around_.data));
  put(load(Width::w32, end, kContext, around_.data_end));
  put(mov_reg(scratch, data));
  put(alu(Alu::add, scratch, bytes));
  bool one_more = false;
  compare_with_end(scratch, end, one_more);
  now_[end] = now_[scratch] = {};
  now_[data] = {Belief::packet, bytes + (one_more ? 1 : 0) + (errs() ? 1 : 0)};
}

// What an XDP program, or another one in front of it, keeps in front of the packet.
void Writer::take_metadata() {
  const u8 meta = target(), data = target(), scratch = target();
  if (around_.type != platform::ProgramType::xdp) return;
  if (meta == data || meta == scratch || data == scratch) return;
  constexpr s16 kMetadata = 8;
  const u32 bytes = 1 + choices_.below(16);
  put(load(Width::w32, meta, kContext, kMetadata));
  put(load(Width::w32, data, kContext, around_.data));
  put(mov_reg(scratch, meta));
  put(alu(Alu::add, scratch, bytes));
  leave_if(jump_reg(Jump::gt, scratch, data, 0));
  now_[data] = now_[scratch] = {};
  now_[meta] = {Belief::packet, bytes + (errs() ? 1 : 0)};
}

// packet + number, compared anew
void Writer::move_packet() {
  const u8 pointer = holding(Belief::packet), n = number(), moved = target(), end = target();
  if (pointer == kNoRegister || moved == end || moved == n || end == n || end == pointer) return;
  const u32 bytes = 1 + choices_.below(20);
  make_bounded(n, 1 + choices_.below(64));
  if (choices_.one_in(4) && !is_locked(n)) {  // a length in words, as of an IP header
    put(alu(Alu::lsh, n, 2));
    now_[n] = {Belief::number, 0};
  }
  put(mov_reg(moved, pointer));
  put(alu_reg(Alu::add, moved, n));
  put(load(Width::w32, end, kContext, around_.data_end));
  put(alu(Alu::add, moved, bytes));
  bool one_more = false;
  compare_with_end(moved, end, one_more);
  put(alu(Alu::sub, moved, bytes + (errs() ? 1 : 0)));
  now_[end] = {};
  now_[moved] = {Belief::packet, bytes};
}

void Writer::access(Belief::What what) {
  const u8 pointer = holding(what);
  if (pointer == kNoRegister) return;
  const Width w = width();
  const u32 bytes = bytes_of(w), room = now_[pointer].bytes + (errs() ? 1 : 0);
  if (room < bytes) return;
  const s16 offset = static_cast<s16>(choices_.below(room - bytes + 1));
  if (choices_.one_in(3)) return put(store_reg(w, pointer, offset, number()));
  if (choices_.one_in(8)) return put(store(w, pointer, offset, choices_.below(200)));
  const u8 dst = target();
  const bool sign = choices_.one_in(5) && w != Width::w64;
  put(sign ? load_signed(w, dst, pointer, offset) : load(w, dst, pointer, offset));
  now_[dst] = {Belief::number, sign || bytes > 2 ? 0 : 1u << (8 * bytes)};
}

void Writer::look_up() {
  const bool hash = choices_.one_in(2);
  const u8 key = number();
  constexpr s16 kKey = -48;
  if (now_[key].what == Belief::number) put(store_reg(Width::w64, 10, kKey, key));
  put(mov_reg(2, 10));
  put(alu(Alu::add, 2, kKey));
  put_map(1, hash ? kHash : kArray);
  const u32 way = choices_.below(8);
  if (hash && way < 4) {
    put(mov_reg(3, 10));
    put(alu(Alu::add, 3, kPlain));
    put(mov(4, 0));
    put(call_helper(way == 0 ? 3 : 2));
    clobber();
    now_[0] = {Belief::number, 0};
    return;
  }
  put(call_helper(1));
  clobber();
  now_[0] = {Belief::perhaps, hash ? kHashValue : kArrayValue, ++tags_};
  if (choices_.one_in(3)) return keep_result();
  leave_if(jump(Jump::eq, 0, 0, 0));
  now_[0].what = Belief::value;
  keep_result();
}

void Writer::keep_result() {
  const u8 kept = kept_register();
  if (kept == kNoRegister || choices_.one_in(3)) return;
  put(mov_reg(kept, 0));
  now_[kept] = now_[0];
}

// What may be null is looked at; with it, its copies.
void Writer::check_null() {
  const u8 r = holding(Belief::perhaps);
  if (r == kNoRegister || now_[r].what != Belief::perhaps) return;
  const u32 tag = now_[r].tag;
  switch (choices_.below(5)) {
    case 0: leave_if(jump(Jump::eq, r, 0, 0)); break;
    case 1:
      put(jump(Jump::ne, r, 0, here() + 2));
      outs_.push_back(here());
      put(go(0));
      break;
    case 2: {  // of what was spilled and filled
      const u8 again = target();
      constexpr s16 kPlace = -80;
      put(store_reg(Width::w64, 10, kPlace, r));
      put(load(Width::w64, again, 10, kPlace));
      leave_if(jump(Jump::eq, again, 0, 0));
      now_[again] = now_[r];
      break;
    }
    case 3: {  // by a register
      const u8 zero = target();
      if (zero == r) return;
      put(mov(zero, 0));
      leave_if(jump_reg(Jump::eq, r, zero, 0));
      now_[zero] = {Belief::number, 1};
      break;
    }
    default: return replace_null(r);
  }
  for (Belief& each : now_) {
    if (each.what == Belief::perhaps && each.tag == tag) each.what = Belief::value;
  }
  for (Belief& each : slots_) {
    if (each.what == Belief::perhaps && each.tag == tag) each.what = Belief::value;
  }
}

// Instead of null, the globals.
void Writer::replace_null(u8 r) {
  if (is_locked(r)) return;
  put(jump(Jump::ne, r, 0, here() + 2));
  put_value(r, kGlobals, 0);
  now_[r] = {Belief::value, std::min(now_[r].bytes, kGlobalBytes)};
}

void Writer::take_globals() {
  const u8 dst = target();
  const bool constants = choices_.one_in(3);
  const u32 offset = choices_.below(3) * 8;
  put_value(dst, constants ? kConstants : kGlobals, offset);
  now_[dst] = {Belief::value, kGlobalBytes - offset};
  if (!constants) return;
  put(load(Width::w64, dst, dst, 0));
  now_[dst] = {Belief::number, 64};
}

void Writer::move_value() {
  const u8 pointer = holding(Belief::value), moved = target();
  if (pointer == kNoRegister) return;
  const u8 n = number();
  if (moved == n || moved == pointer || now_[pointer].bytes < 2) return;
  const u32 most = 1 + choices_.below(now_[pointer].bytes - 1);
  make_bounded(n, most);
  put(mov_reg(moved, pointer));
  const u32 ahead = choices_.one_in(3) ? choices_.below(8) : 0;
  if (ahead != 0) put(alu(Alu::add, moved, ahead));  // there and back
  put(alu_reg(Alu::add, moved, n));
  if (ahead != 0) put(alu(Alu::sub, moved, ahead));
  now_[moved] = {Belief::value, now_[pointer].bytes - most + 1};
}

}  // namespace skep::test
