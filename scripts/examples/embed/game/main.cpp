// A frame loop with scripted entities: each one is a task that moves, waits and meets others, and gets a few
// milliseconds of every frame. A script that computes too long is ended, and the frame goes on.
#include <neap/neap.hpp>

#include <cstdio>
#include <map>
#include <string>

namespace {

struct Entity {
  double x = 0;
  double speed = 0;
};

}  // namespace

template <>
struct neap::Fields<Entity> {
  static constexpr auto fields = std::tuple{neap::field("x", &Entity::x), neap::field("speed", &Entity::speed)};
};

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: %s ENTITIES.lua\n", argv[0]);
    return 1;
  }
  constexpr int kFrames = 60;
  constexpr double kBudget = 0.004;  // seconds of a frame for scripts
  std::map<std::string, Entity> world;

  neap::Options options;
  options.virtual_clock = true;  // one frame is one tick, however fast this runs
  options.on_error = [](const neap::ErrorReport& report) {
    std::printf("script ended: %s\n", report.error->class_name().c_str());
  };
  neap::Interpreter lua(options);
  lua.set_function("entity", [&](const std::string& name) { return world[name]; });
  lua.set_function("move", [&](const std::string& name, double by) { world[name].x += by; });
  lua.set_function("say", [](const std::string& text) { std::printf("%s\n", text.c_str()); });
  lua.run_string("frame_begins = async.Condition()");
  lua.run_file(argv[1]);

  for (int frame = 1; frame <= kFrames; ++frame) {
    lua.set("frame", frame);
    lua.spawn(lua.load_string("async.with(frame_begins, function() frame_begins:notify_all() end)"));
    while (lua.step(kBudget)) {}
  }
  for (const auto& [name, entity] : world) std::printf("%s is at %g\n", name.c_str(), entity.x);
}
