#include "kernel/network_namespace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/vfs.h>

#include <cerrno>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "kernel/privileges.hpp"

namespace skep::kernel {
namespace {

constexpr std::string_view kNamespacesFolder = "/run/netns/";
constexpr std::string_view kHowToSay = "say a name of ip netns list, or a file: /proc/PID/ns/net";

std::vector<std::string> known_names() {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(
      ::opendir(std::string(kNamespacesFolder).c_str()), ::closedir);
  if (folder == nullptr) return out;
  while (const dirent* each =
             ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe): a folder of our own
    if (each->d_name[0] != '.') out.emplace_back(each->d_name);
  }
  return out;
}

}  // namespace

Result<Fd> open_network_namespace(const std::string& name) {
  if (name.empty()) return Fd::open("/proc/thread-self/ns/net", O_RDONLY);
  const bool is_path = name.find('/') != std::string::npos;
  auto file = Fd::open(is_path ? name : std::string(kNamespacesFolder) + name, O_RDONLY);
  if (!file.ok() && file.error().fault == Fault::absent && !is_path) {
    const std::vector<std::string> names = known_names();
    std::string hint = did_you_mean(name, {names.begin(), names.end()});
    if (hint.empty()) hint = "ip netns list shows the names; or say a file: /proc/PID/ns/net";
    return Error(Fault::absent, format("there is no network namespace named {}", name),
                 std::move(hint));
  }
  Fd opened = TRY(std::move(file));
  struct statfs system {};
  if (::fstatfs(opened.get(), &system) == 0 && system.f_type != NSFS_MAGIC) {
    return Error(Fault::usage, format("{} is not the file of a network namespace", name),
                 std::string(kHowToSay));
  }
  return opened;
}

int run_inside(const Fd& space, const std::function<void()>& work) {
  int answer = 0;
  std::thread elsewhere([&] {
    answer = ::setns(space.get(), CLONE_NEWNET) == 0 ? 0 : errno;
    if (answer == 0) work();
  });
  elsewhere.join();
  return answer;
}

Error not_entered(const std::string& name, int answer) {
  if (answer != EINVAL)
    return refused(format("enter network namespace {}", name), answer, kSysAdmin);
  return {Fault::usage,
          format("{} is a namespace of another kind, expected a network namespace", name),
          std::string(kHowToSay)};
}

Result<HeldNamespace> HeldNamespace::of_thread(const std::string& name) {
  HeldNamespace out;
  if (!name.empty()) out.space_ = std::make_shared<const Fd>(TRY(open_network_namespace({})));
  return out;
}

void HeldNamespace::run(const std::function<void()>& work) const {
  if (space_ == nullptr)
    work();
  else
    run_inside(*space_, work);
}

std::vector<int> HeldNamespace::descriptors() const {
  return space_ == nullptr ? std::vector<int>() : std::vector<int>{space_->get()};
}

}  // namespace skep::kernel
