#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "base/text.hpp"
#include "network_bench.hpp"

namespace skep::network_test {
namespace {

constexpr u16 kPort = 7777;  // nobody listens; packets only have to come by

Fd socket_of(int family, int type, int protocol = 0) {
  const int raw = ::socket(family, type | SOCK_CLOEXEC, protocol);
  EXPECT_GE(raw, 0) << std::strerror(errno);
  return Fd::adopt(raw);
}

void write_line(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

sockaddr_in address4(std::string_view text, u16 port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  ::inet_pton(AF_INET, std::string(text).c_str(), &out.sin_addr);
  return out;
}

sockaddr_in6 address6(std::string_view text, u16 port) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(port);
  ::inet_pton(AF_INET6, std::string(text).c_str(), &out.sin6_addr);
  return out;
}

template <class Address>
const sockaddr* plain(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
template <class Address>
sockaddr* plain(Address& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

// Two datagram sockets by `family` talk to each other in every way; `bind_to` is where they are.
template <class Address>
void use_datagrams(int family, const Address& bind_to) {
  const Fd server = socket_of(family, SOCK_DGRAM), client = socket_of(family, SOCK_DGRAM);
  ASSERT_EQ(::bind(server.get(), plain(bind_to), sizeof(bind_to)), 0);
  ASSERT_EQ(::bind(client.get(), plain(bind_to), sizeof(bind_to)), 0);
  Address there{}, peer{};
  socklen_t bytes = sizeof(there);
  ASSERT_EQ(::getsockname(server.get(), plain(there), &bytes), 0);
  char text[4] = "abc";
  ASSERT_EQ(::sendto(client.get(), text, sizeof(text), 0, plain(there), sizeof(there)), 4);
  socklen_t peer_bytes = sizeof(peer);
  ASSERT_EQ(::recvfrom(server.get(), text, sizeof(text), 0, plain(peer), &peer_bytes), 4);
  ASSERT_EQ(::connect(client.get(), plain(there), bytes), 0);
  peer_bytes = sizeof(peer);
  ASSERT_EQ(::getpeername(client.get(), plain(peer), &peer_bytes), 0);
}

sockaddr_un unnamed(u32 number) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  const std::string name = format("skep-{}-{}", ::getpid(), number);
  name.copy(out.sun_path + 1, sizeof(out.sun_path) - 2);
  return out;
}

void use_unix() {
  const Fd server = socket_of(AF_UNIX, SOCK_DGRAM), client = socket_of(AF_UNIX, SOCK_DGRAM);
  const sockaddr_un there = unnamed(1), here = unnamed(2);
  ASSERT_EQ(::bind(server.get(), plain(there), sizeof(there)), 0);
  ASSERT_EQ(::bind(client.get(), plain(here), sizeof(here)), 0);
  char text[4] = "abc";
  ASSERT_EQ(::sendto(client.get(), text, sizeof(text), 0, plain(there), sizeof(there)), 4);
  sockaddr_un peer{};
  socklen_t bytes = sizeof(peer);
  ASSERT_EQ(::recvfrom(server.get(), text, sizeof(text), 0, plain(peer), &bytes), 4);
  ASSERT_EQ(::connect(client.get(), plain(there), sizeof(there)), 0);
  bytes = sizeof(peer);
  ASSERT_EQ(::getpeername(client.get(), plain(peer), &bytes), 0);
  bytes = sizeof(peer);
  ASSERT_EQ(::getsockname(client.get(), plain(peer), &bytes), 0);
}

}  // namespace

void send_udp(std::string_view ipv4_address) {
  const sockaddr_in to = address4(ipv4_address, kPort);
  ::sendto(socket_of(AF_INET, SOCK_DGRAM).get(), "skep", 4, 0, plain(to), sizeof(to));
}

void send_udp6(std::string_view ipv6_address) {
  const sockaddr_in6 to = address6(ipv6_address, kPort);
  ::sendto(socket_of(AF_INET6, SOCK_DGRAM).get(), "skep", 4, 0, plain(to), sizeof(to));
}

std::string cgroup_mount() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string field;
    for (int number = 0; number < 5; ++number) fields >> field;
    return field;
  }
  return {};
}

OwnCgroup::OwnCgroup() {
  const std::string mount = cgroup_mount();
  std::ifstream own("/proc/self/cgroup");
  for (std::string line; std::getline(own, line);) {
    if (line.starts_with("0::")) before_ = mount + line.substr(3);
  }
  if (mount.empty() || before_.empty()) {
    why_ = "cgroups of version 2 are not mounted here";
    return;
  }
  const std::string folder = format("{}/skep-test-{}", mount, ::getpid());
  if (::mkdir(folder.c_str(), 0755) != 0) {
    why_ = format("{} cannot be made: {}", folder, std::string(std::strerror(errno)));
    return;
  }
  folder_ = folder;
  write_line(folder_ + "/cgroup.procs", "0");
}

OwnCgroup::~OwnCgroup() {
  if (folder_.empty()) return;
  write_line(before_ + "/cgroup.procs", "0");
  EXPECT_TRUE(eventually([&] { return ::rmdir(folder_.c_str()) == 0; })) << folder_;
}

void use_sockets() {
  use_datagrams(AF_INET, address4("127.0.0.1", 0));
  use_datagrams(AF_INET6, address6("::1", 0));
  use_unix();
  const Pair pair = connected_pair();
  int value = 1;
  socklen_t bytes = sizeof(value);
  ASSERT_EQ(::setsockopt(pair.client.get(), SOL_SOCKET, SO_KEEPALIVE, &value, bytes), 0);
  ASSERT_EQ(::getsockopt(pair.client.get(), SOL_SOCKET, SO_KEEPALIVE, &value, &bytes), 0);
  ASSERT_TRUE(read_text("/proc/sys/kernel/ostype").ok());
  ASSERT_TRUE(Fd::open("/dev/null", O_RDONLY).ok());
}

Pair connected_pair() {
  const Fd listener = socket_of(AF_INET, SOCK_STREAM);
  sockaddr_in there = address4("127.0.0.1", 0);
  socklen_t bytes = sizeof(there);
  EXPECT_EQ(::bind(listener.get(), plain(std::as_const(there)), sizeof(there)), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), plain(there), &bytes), 0);
  Fd client = socket_of(AF_INET, SOCK_STREAM);
  EXPECT_EQ(::connect(client.get(), plain(std::as_const(there)), sizeof(there)), 0);
  return {std::move(client), Fd::adopt(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))};
}

Port udp_port(Reuse reuse, u16 number) {
  Port out{socket_of(AF_INET, SOCK_DGRAM)};
  const int on = reuse == Reuse::yes ? 1 : 0;
  EXPECT_EQ(::setsockopt(out.socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  sockaddr_in here = address4("127.0.0.1", number);
  socklen_t bytes = sizeof(here);
  EXPECT_EQ(::bind(out.socket.get(), plain(std::as_const(here)), sizeof(here)), 0);
  EXPECT_EQ(::getsockname(out.socket.get(), plain(here), &bytes), 0);
  out.number = ntohs(here.sin_port);
  return out;
}

void send_to_port(u16 number) {
  const sockaddr_in to = address4("127.0.0.1", number);
  EXPECT_EQ(::sendto(socket_of(AF_INET, SOCK_DGRAM).get(), "skep", 4, 0, plain(to), sizeof(to)), 4);
}

bool eventually(const std::function<bool()>& condition) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace skep::network_test
