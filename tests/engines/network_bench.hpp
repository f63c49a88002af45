// What programs of the network need to be seen at work: a network namespace of the test's own with
// a pair of interfaces, a cgroup of its own, packets, and sockets that do everything once.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/types.hpp"

namespace skep::network_test {

// Moves this process into a new network namespace with lo, veth0 (10.77.0.1/24) and its peer veth1,
// all up, and forwarding on. A sentence why not, or an empty text. Once a process.
const std::string& enter_network();
inline constexpr std::string_view kOwnAddress = "10.77.0.1";

void set_up(const std::string& interface);
void set_down(const std::string& interface);
void set_mtu(const std::string& interface, int mtu);
// An interface of a kind that needs no further word (dummy, netkit), which is up; false when the
// kernel has none.
bool make_interface(const std::string& name, const std::string& kind);

// A UDP packet in a frame to veth0, whoever sends it.
std::vector<std::byte> frame_to(std::string_view ipv4_address);
// An IPv6 packet with a segment routing header whose next segment is `address`.
std::vector<std::byte> segment_frame_to(std::string_view ipv6_address);
// Puts a frame on an interface, by a packet socket.
void inject(const std::string& interface, const std::vector<std::byte>& frame);
void send_udp(std::string_view ipv4_address);  // by a socket
void send_udp6(std::string_view ipv6_address);

// A folder of cgroups of version 2, with this process in it until it is destroyed, and then gone.
class OwnCgroup {
 public:
  OwnCgroup();
  ~OwnCgroup();
  const std::string& folder() const { return folder_; }  // empty: why() says why
  const std::string& why() const { return why_; }

 private:
  std::string before_, folder_, why_;
};
std::string cgroup_mount();

// Every call of the sockets interface for which cgroups have a hook: IPv4, IPv6 and unix, a sysctl,
// a device.
void use_sockets();

// Two TCP sockets that are connected over lo.
struct Pair {
  Fd client, server;
};
Pair connected_pair();
// A UDP socket at 127.0.0.1, and its port.
struct Port {
  Fd socket;
  u16 number = 0;
};
enum class Reuse : u8 { no, yes };
Port udp_port(Reuse reuse, u16 number = 0);
void send_to_port(u16 number);

// A process that does `work`, tells what came of it, and waits to be killed.
class Child {
 public:
  explicit Child(const std::function<u64()>& work);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill(); }
  void kill();  // by SIGKILL; afterwards it is gone
  pid_t process() const { return process_; }
  u64 told() const { return told_; }

 private:
  pid_t process_ = -1;
  u64 told_ = 0;
};

// Whether it comes true within two seconds.
bool eventually(const std::function<bool()>& condition);

}  // namespace skep::network_test
