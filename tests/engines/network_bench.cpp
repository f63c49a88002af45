#include "network_bench.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "base/text.hpp"
#include "kernel/netlink.hpp"

namespace skep::network_test {
namespace {

using kernel::Netlink;
using kernel::NetlinkRequest;

constexpr unsigned char kAddressOfVeth0[6] = {2, 0, 0, 0, 0, 1};
constexpr unsigned char kAddressOfVeth1[6] = {2, 0, 0, 0, 0, 2};
constexpr u16 kPort = 7777;  // nobody listens; packets only have to come by

Fd socket_of(int family, int type, int protocol = 0) {
  const int raw = ::socket(family, type | SOCK_CLOEXEC, protocol);
  EXPECT_GE(raw, 0) << std::strerror(errno);
  return Fd::adopt(raw);
}

ifreq named(const std::string& interface) {
  ifreq out{};
  interface.copy(out.ifr_name, IFNAMSIZ - 1);
  return out;
}

void write_line(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

void put_mac(NetlinkRequest& request, const unsigned char (&address)[6]) {
  request.bytes(IFLA_ADDRESS, Bytes(address, sizeof(address)));
}

int make_veth() {
  NetlinkRequest make(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  make.text(IFLA_IFNAME, "veth0");
  put_mac(make, kAddressOfVeth0);
  make.nest(IFLA_LINKINFO, [&] {
    make.text(IFLA_INFO_KIND, "veth");
    make.nest(IFLA_INFO_DATA, [&] {
      make.nest(VETH_INFO_PEER, [&] {
        make.structure(ifinfomsg{});
        make.text(IFLA_IFNAME, "veth1");
        put_mac(make, kAddressOfVeth1);
      });
    });
  });
  return Netlink::open().value().ask(make).value().error;
}

void set_address(const std::string& interface, std::string_view address) {
  const Fd any = socket_of(AF_INET, SOCK_DGRAM);
  ifreq request = named(interface);
  sockaddr_in in{};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, std::string(address).c_str(), &in.sin_addr);
  std::memcpy(&request.ifr_addr, &in, sizeof(in));
  EXPECT_EQ(::ioctl(any.get(), SIOCSIFADDR, &request), 0);
  ::inet_pton(AF_INET, "255.255.255.0", &in.sin_addr);
  std::memcpy(&request.ifr_netmask, &in, sizeof(in));
  EXPECT_EQ(::ioctl(any.get(), SIOCSIFNETMASK, &request), 0);
}

std::string make_network() {
  if (::unshare(CLONE_NEWNET) != 0)
    return std::string("no network namespace can be made here: ") + std::strerror(errno);
  const int error = make_veth();
  if (error != 0) return std::string("no veth can be made here: ") + std::strerror(error);
  for (const char* each : {"lo", "veth0", "veth1"}) set_up(each);
  set_address("veth0", kOwnAddress);
  const std::string v4 = "/proc/sys/net/ipv4/", v6 = "/proc/sys/net/ipv6/conf/";
  write_line(v4 + "ip_forward", "1");
  for (const char* each : {"all", "veth0", "veth1"})
    write_line(v4 + "conf/" + each + "/rp_filter", "0");
  write_line(v6 + "all/forwarding", "1");
  write_line(v6 + "veth0/seg6_enabled", "1");
  return {};
}

template <class Address>
const sockaddr* plain(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
template <class Address>
sockaddr* plain(Address& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

void append(std::vector<std::byte>& out, const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  out.insert(out.end(), begin, begin + size);
}

std::vector<std::byte> ethernet(u16 protocol) {
  std::vector<std::byte> out;
  append(out, kAddressOfVeth0, 6);
  append(out, kAddressOfVeth1, 6);
  const be16 type = protocol;
  append(out, &type, 2);
  return out;
}

struct Udp {
  be16 source = 9999, destination = kPort, length = 16, checksum = 0;
  char text[8] = "skep";
};

u16 checksum_of(const void* data, std::size_t size) {
  u32 sum = 0;
  for (std::size_t at = 0; at < size; at += 2) sum += *Bytes(data, size).read<be16>(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<u16>(~sum);
}

}  // namespace

const std::string& enter_network() {
  static const std::string why = make_network();
  return why;
}

namespace {
void set_flags(const std::string& interface, int flags) {
  const Fd any = socket_of(AF_INET, SOCK_DGRAM);
  ifreq request = named(interface);
  request.ifr_flags = static_cast<short>(flags);
  EXPECT_EQ(::ioctl(any.get(), SIOCSIFFLAGS, &request), 0) << interface;
}
}  // namespace

// Packets do not wait for addresses, and their routes with them.
void set_up(const std::string& interface) { set_flags(interface, IFF_UP | IFF_NOARP); }
void set_down(const std::string& interface) { set_flags(interface, IFF_NOARP); }

void set_mtu(const std::string& interface, int mtu) {
  const Fd any = socket_of(AF_INET, SOCK_DGRAM);
  ifreq request = named(interface);
  request.ifr_mtu = mtu;
  EXPECT_EQ(::ioctl(any.get(), SIOCSIFMTU, &request), 0)
      << interface << ": " << std::strerror(errno);
}

bool make_interface(const std::string& name, const std::string& kind) {
  NetlinkRequest make(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  make.text(IFLA_IFNAME, name);
  make.nest(IFLA_LINKINFO, [&] { make.text(IFLA_INFO_KIND, kind); });
  if (Netlink::open().value().ask(make).value().error != 0) return false;
  set_up(name);
  return true;
}

std::vector<std::byte> frame_to(std::string_view ipv4_address) {
  std::vector<std::byte> out = ethernet(ETHERTYPE_IP);
  unsigned char header[20] = {0x45, 0, 0, 36, 0, 0, 0, 0, 64, IPPROTO_UDP, 0, 0, 10, 77, 0, 5};
  ::inet_pton(AF_INET, std::string(ipv4_address).c_str(), header + 16);
  const be16 sum = checksum_of(header, sizeof(header));
  std::memcpy(header + 10, &sum, sizeof(sum));
  append(out, header, sizeof(header));
  const Udp udp;
  append(out, &udp, sizeof(udp));
  return out;
}

// RFC 8754, 2: next header, length, type 4, segments left, last entry, flags, tag, segments from
// the last one.
std::vector<std::byte> segment_frame_to(std::string_view ipv6_address) {
  std::vector<std::byte> out = ethernet(ETHERTYPE_IPV6);
  unsigned char header[40] = {0x60, 0, 0, 0, 0, 56, IPPROTO_ROUTING, 64, 0xfd, 0, 0, 5};
  ::inet_pton(AF_INET6, std::string(ipv6_address).c_str(), header + 24);
  unsigned char routing[40] = {IPPROTO_UDP, 4, 4, 1, 1};
  ::inet_pton(AF_INET6, "fd00:99::1", routing + 8);
  std::memcpy(routing + 24, header + 24, 16);
  append(out, header, sizeof(header));
  append(out, routing, sizeof(routing));
  const Udp udp;
  append(out, &udp, sizeof(udp));
  return out;
}

void inject(const std::string& interface, const std::vector<std::byte>& frame) {
  const Fd socket = socket_of(AF_PACKET, SOCK_RAW);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  to.sll_protocol = htons(ETHERTYPE_IP);
  to.sll_halen = 6;
  EXPECT_EQ(::sendto(socket.get(), frame.data(), frame.size(), 0, plain(to), sizeof(to)),
            static_cast<ssize_t>(frame.size()))
      << std::strerror(errno);
}

Child::Child(const std::function<u64()>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const Fd read = Fd::adopt(ends[0]);
  Fd write = Fd::adopt(ends[1]);
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const u64 told = work();
    (void)!::write(write.get(), &told, sizeof(told));
    ::pause();
    ::_exit(1);
  }
  { const Fd closes = std::move(write); }
  EXPECT_EQ(::read(read.get(), &told_, sizeof(told_)), static_cast<ssize_t>(sizeof(told_)));
}

void Child::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace skep::network_test
