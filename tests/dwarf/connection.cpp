// An application whose structures a BPF program reads: tests/bpf/cli/connection.bpf.c. It prints
// where the compiler put what is read.
#include <cstddef>
#include <cstdio>
#include <string>

namespace server {

enum class State : unsigned char { idle, open = 3 };

struct Endpoint {
  unsigned address;
  unsigned short port;
};

class Connection : public Endpoint {
 public:
  virtual ~Connection() = default;
  std::string name;
  unsigned long bytes = 0;
  State state = State::idle;
};

}  // namespace server

int main() {
  const server::Connection connection{};
  const auto* begin = reinterpret_cast<const char*>(&connection);
  const auto place = [begin](const auto& member) {
    return static_cast<int>(reinterpret_cast<const char*>(&member) - begin);
  };
  std::printf("port %d, bytes %d, state %d\n", place(connection.port), place(connection.bytes),
              place(connection.state));
}
