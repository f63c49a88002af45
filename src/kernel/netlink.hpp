// rtnetlink: how the kernel is asked about interfaces, what hangs on them, and routes.
//
// In: a request, which is a structure and attributes behind it. Out: what the kernel answered: the
// messages that were asked for, or the errno with the kernel's own words for it
// (NLMSGERR_ATTR_MSG). A socket belongs to the network namespace of the thread that opened it.
// Waiting ends after seconds, lists after kMessagesMax messages, and what arrives is read as
// foreign bytes. Source: netlink(7), rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "kernel/privileges.hpp"

namespace skep::kernel {

class NetlinkRequest {
 public:
  // `flags` beside NLM_F_REQUEST and NLM_F_ACK. `header` is the structure of the type: tcmsg,
  // rtmsg.
  template <class Header>
  NetlinkRequest(u16 type, u16 flags, const Header& header) : NetlinkRequest(type, flags) {
    append(&header, sizeof(header));
  }

  // A structure at this place, with which some nests begin.
  template <class Structure>
  void structure(const Structure& value) {
    append(&value, sizeof(value));
  }
  void bytes(u16 attribute, Bytes value);
  void text(u16 attribute, std::string_view value);  // with a zero behind it
  template <class Number>
  void number(u16 attribute, Number value) {
    bytes(attribute, Bytes(&value, sizeof(value)));
  }
  // What `fill` adds stands inside of the attribute.
  template <class Fill>
  void nest(u16 attribute, Fill fill) {
    const std::size_t begin = open_nest(attribute);
    fill();
    close_nest(begin);
  }

 private:
  friend class Netlink;
  NetlinkRequest(u16 type, u16 flags);
  void append(const void* data, std::size_t size);
  std::size_t open_nest(u16 attribute);
  void close_nest(std::size_t begin);
  std::vector<std::byte> message_;
};

// A message of the kernel: a structure and attributes behind it.
struct NetlinkMessage {
  u16 type = 0;
  std::vector<std::byte> content{};

  template <class Header>
  Result<Header> header() const {
    return Bytes(content).read<Header>(0);
  }
  template <class Header>
  Bytes attributes() const {
    const auto rest =
        Bytes(content).slice(std::min(content.size(), sizeof(Header)),
                             content.size() - std::min(content.size(), sizeof(Header)));
    return rest.ok() ? *rest : Bytes();
  }
};

// The value of the first attribute of that type; nullopt when there is none or it is cut.
std::optional<Bytes> find_attribute(Bytes attributes, u16 type);
std::optional<u32> find_number(Bytes attributes, u16 type);
// A text with a zero behind it; empty when there is none.
std::string find_text(Bytes attributes, u16 type);

struct NetlinkAnswer {
  int error = 0;         // an errno
  std::string reason{};  // the kernel's words; often empty
  std::vector<NetlinkMessage> messages{};
};

class Netlink {
 public:
  static constexpr std::size_t kMessagesMax = std::size_t{1} << 16;
  static Result<Netlink> open();

  // An Error when the kernel cannot be asked; what it refuses is in the answer.
  Result<NetlinkAnswer> ask(const NetlinkRequest& request);

 private:
  explicit Netlink(Fd socket) : socket_(std::move(socket)) {}
  Result<std::vector<std::byte>> receive();
  Result<bool> take(Bytes datagram, NetlinkAnswer& answer) const;
  Fd socket_;
  u32 sequence_ = 0;
};

// What an answer with an error says of `doing`, in the kernel's words too.
Error refused(std::string_view doing, const NetlinkAnswer& answer, Capabilities needs);

// The number of an interface of this thread's network namespace. Fault::absent names those that are
// near.
Result<u32> interface_number(const std::string& name);

}  // namespace skep::kernel
