// A host that runs plug-ins which it does not trust: each in an interpreter of its own, in a sandbox, with limits. What
// a plug-in may use is what the host gives it.
#include <neap/neap.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace {

neap::Options confined() {
  neap::Options options;
  options.sandbox.enabled = true;
  options.limits.memory = std::size_t{16} << 20;
  options.limits.step = 0.05;
  options.limits.tasks = 100;
  options.limits.wall = 5;
  options.output = [](neap::Stream, std::string_view) {};  // they have no say on the terminal
  return options;
}

void run_plugin(const std::string& path) {
  neap::Interpreter lua(confined());
  std::string result;
  lua.set_function("answer", [&](std::string text) { result = std::move(text); });
  const std::string name = path.substr(path.rfind('/') + 1);
  try {
    lua.run_file(path);
    std::printf("%s: %s\n", name.c_str(), result.c_str());
  } catch (const neap::LimitExceeded& error) {
    const auto limit = neap::Table(*error.value()).get<std::string>("limit");
    std::printf("%s: ended by its limit: %s\n", name.c_str(), limit.c_str());
  } catch (const neap::Error& error) {
    std::printf("%s: %s\n", name.c_str(), error.class_name().c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) run_plugin(argv[i]);
}
