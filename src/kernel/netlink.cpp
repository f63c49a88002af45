#include "kernel/netlink.hpp"

#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace skep::kernel {
namespace {

constexpr std::size_t kAnswerBytes = std::size_t{1}
                                     << 16;  // the kernel sends at most 32 KiB at a time
constexpr int kAnswerSeconds = 5;
constexpr std::size_t kNamesMax = 8;  // of interfaces, in an error

constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

Error broken(std::string_view doing, int error) {
  return refused(format("{} a netlink socket", doing), error, 0);
}

void set_option(const Fd& socket, int option) {
  const int on = 1;  // without these, errors are without words
  ::setsockopt(socket.get(), SOL_NETLINK, option, &on, sizeof(on));
}

// The errno of NLMSG_DONE or NLMSG_ERROR, and the words behind the second. With NETLINK_CAP_ACK the
// request is not repeated there but for its header.
Result<void> read_end(const nlmsghdr& header, Bytes content, NetlinkAnswer& answer) {
  answer.error = -TRY(content.read<int>(0));
  if (header.nlmsg_type == NLMSG_DONE || (header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const nlmsgerr error = TRY(content.read<nlmsgerr>(0));
  const bool is_capped = (header.nlmsg_flags & NLM_F_CAPPED) != 0;
  const std::size_t skipped =
      sizeof(int) + (is_capped ? sizeof(nlmsghdr) : aligned(error.msg.nlmsg_len));
  if (skipped > content.size()) return {};
  answer.reason =
      find_text(TRY(content.slice(skipped, content.size() - skipped)), NLMSGERR_ATTR_MSG);
  return {};
}

std::vector<std::string> interface_names() {
  std::vector<std::string> out;
  const std::unique_ptr<struct if_nameindex, decltype(&::if_freenameindex)> all(::if_nameindex(),
                                                                                ::if_freenameindex);
  if (all == nullptr) return out;
  for (const struct if_nameindex* each = all.get(); each->if_index != 0; ++each)
    out.emplace_back(each->if_name);
  return out;
}

}  // namespace

NetlinkRequest::NetlinkRequest(u16 type, u16 flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<u16>(flags | NLM_F_REQUEST | NLM_F_ACK);
  append(&header, sizeof(header));
}

void NetlinkRequest::append(const void* data, std::size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  message_.insert(message_.end(), begin, begin + size);
  message_.resize(aligned(message_.size()));
}

void NetlinkRequest::bytes(u16 attribute, Bytes value) {
  EXPECT(value.size() <= UINT16_MAX - sizeof(nlattr));
  const nlattr header{static_cast<u16>(sizeof(nlattr) + value.size()), attribute};
  append(&header, sizeof(header));
  append(value.data(), value.size());
}

void NetlinkRequest::text(u16 attribute, std::string_view value) {
  const std::string with_zero(value);
  bytes(attribute, Bytes(with_zero.c_str(), with_zero.size() + 1));
}

std::size_t NetlinkRequest::open_nest(u16 attribute) {
  const std::size_t begin = message_.size();
  bytes(static_cast<u16>(attribute | NLA_F_NESTED), Bytes());
  return begin;
}

void NetlinkRequest::close_nest(std::size_t begin) {
  const std::size_t size = message_.size() - begin;
  EXPECT(size <= UINT16_MAX);
  const le16 length = static_cast<u16>(size);
  std::memcpy(&message_[begin], &length, sizeof(length));
}

std::optional<Bytes> find_attribute(Bytes attributes, u16 type) {
  for (u64 at = 0; at < attributes.size();) {
    const auto header = attributes.read<nlattr>(at);
    if (!header.ok() || header->nla_len < sizeof(nlattr)) return std::nullopt;
    const auto value = attributes.slice(at + sizeof(nlattr), header->nla_len - sizeof(nlattr));
    if (!value.ok()) return std::nullopt;
    if ((header->nla_type & NLA_TYPE_MASK) == type) return *value;
    at += aligned(header->nla_len);
  }
  return std::nullopt;
}

std::optional<u32> find_number(Bytes attributes, u16 type) {
  const auto value = find_attribute(attributes, type);
  if (!value) return std::nullopt;
  const auto number = value->read<u32>(0);
  return number.ok() ? std::optional(*number) : std::nullopt;
}

std::string find_text(Bytes attributes, u16 type) {
  const auto value = find_attribute(attributes, type);
  if (!value) return {};
  const auto text = value->c_string(0);
  return text.ok() ? std::string(*text) : std::string();
}

Result<Netlink> Netlink::open() {
  const int raw = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (raw < 0) return broken("open", errno);
  Fd socket = Fd::adopt(raw);
  const timeval patience{.tv_sec = kAnswerSeconds, .tv_usec = 0};
  if (::setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
    return broken("open", errno);
  set_option(socket, NETLINK_EXT_ACK);
  set_option(socket, NETLINK_CAP_ACK);
  set_option(socket, NETLINK_GET_STRICT_CHK);  // lists only what the request names
  return Netlink(std::move(socket));
}

Result<NetlinkAnswer> Netlink::ask(const NetlinkRequest& request) {
  std::vector<std::byte> message = request.message_;
  nlmsghdr header = TRY(Bytes(message).read<nlmsghdr>(0));
  header.nlmsg_len = static_cast<u32>(message.size());
  header.nlmsg_seq = ++sequence_;
  std::memcpy(message.data(), &header, sizeof(header));
  if (::send(socket_.get(), message.data(), message.size(), 0) < 0)
    return broken("write to", errno);
  NetlinkAnswer answer;
  for (bool is_done = false; !is_done;) {
    const std::vector<std::byte> datagram = TRY(receive());
    is_done = TRY(take(Bytes(datagram), answer));
  }
  return answer;
}

// One datagram; nothing when it is not from the kernel.
Result<std::vector<std::byte>> Netlink::receive() {
  std::vector<std::byte> buffer(kAnswerBytes);
  sockaddr_nl from{};
  iovec into{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof(from);
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  ssize_t got = 0;
  do got = ::recvmsg(socket_.get(), &message, MSG_TRUNC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return broken("read from", errno == EAGAIN ? ETIMEDOUT : errno);
  if (static_cast<std::size_t>(got) > buffer.size()) return broken("read from", EMSGSIZE);
  buffer.resize(from.nl_pid == 0 ? static_cast<std::size_t>(got) : 0);
  return buffer;
}

// The messages of a datagram; whether the last one of the answer was among them.
Result<bool> Netlink::take(Bytes datagram, NetlinkAnswer& answer) const {
  for (u64 at = 0; at < datagram.size();) {
    const nlmsghdr header = TRY(datagram.read<nlmsghdr>(at));
    if (header.nlmsg_len < sizeof(header))
      return Error(Fault::malformed, "a netlink message is shorter than its header");
    const Bytes content =
        TRY(datagram.slice(at + sizeof(header), header.nlmsg_len - sizeof(header)));
    at += aligned(header.nlmsg_len);
    if (header.nlmsg_seq != sequence_) continue;  // of a request that was given up
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
      TRY(read_end(header, content, answer));
      return true;
    }
    if (answer.messages.size() == kMessagesMax) {
      return Error(Fault::exhausted,
                   format("the kernel lists more than {} things by netlink", kMessagesMax));
    }
    answer.messages.push_back({header.nlmsg_type, {content.span().begin(), content.span().end()}});
  }
  return false;
}

Error refused(std::string_view doing, const NetlinkAnswer& answer, Capabilities needs) {
  Error error = refused(doing, answer.error, needs);
  if (!answer.reason.empty()) error.message += format(" ({})", answer.reason);
  return error;
}

Result<u32> interface_number(const std::string& name) {
  const u32 number = ::if_nametoindex(name.c_str());
  if (number != 0) return number;
  const std::vector<std::string> names = interface_names();
  std::string hint = did_you_mean(name, {names.begin(), names.end()});
  if (hint.empty() && !names.empty()) {
    hint = format("there are {}",
                  join({names.begin(), names.begin() + std::min(kNamesMax, names.size())}, ", "));
  }
  return Error(Fault::absent, format("there is no interface {} in this network namespace", name),
               std::move(hint));
}

}  // namespace skep::kernel
