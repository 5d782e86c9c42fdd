// What it costs to make an interpreter and to destroy it: neap_bench_create neap|limit N. Prints one line of JSON.
//
// The limit is a bare state with Lua's own libraries: no loop, no scheduler, no asynchronous io.
#include "interp/interpreter.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using neap::internal::Interpreter;

constexpr double kMicrosecond = 1e3;  // in nanoseconds
constexpr double kSecond = 1e9;

double cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto time = [](const timeval& value) {
    return static_cast<double>(value.tv_sec) * kSecond + static_cast<double>(value.tv_usec) * kMicrosecond;
  };
  return time(usage.ru_utime) + time(usage.ru_stime);
}

std::size_t bytes_in_use() {
  const auto all = mallinfo2();
  return all.uordblks + all.hblkhd;
}

/// Makes one, tells how many bytes it holds, and destroys it.
using Maker = std::size_t (*)();

std::size_t make_neap() {
  const std::size_t before = bytes_in_use();
  const Interpreter interpreter;
  return bytes_in_use() - before;
}

std::size_t make_limit() {
  const std::size_t before = bytes_in_use();
  lua_State* L = luaL_newstate();
  if (L == nullptr) std::abort();
  luaL_openlibs(L);
  const std::size_t bytes = bytes_in_use() - before;
  lua_close(L);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const bool neap = argc > 1 && std::strcmp(argv[1], "neap") == 0;
  const long n = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 0;
  if (n <= 0 || (!neap && std::strcmp(argv[1], "limit") != 0)) {
    std::fputs("usage: neap_bench_create neap|limit N\n", stderr);
    return EXIT_FAILURE;
  }
  const Maker make = neap ? make_neap : make_limit;
  make();  // what the process has once
  const auto began = std::chrono::steady_clock::now();
  const double cpu = cpu_ns();
  std::size_t bytes = 0;
  for (long i = 0; i < n; ++i) bytes = make();
  const double spent = cpu_ns() - cpu;
  const double wall = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count();
  const auto each = static_cast<double>(n);
  std::printf("{\"row\": \"create\", \"n\": %ld, \"cpu_ns\": %.1f, \"wall_ns\": %.1f, \"bytes\": %zu}\n", n,
              spent / each, wall / each, bytes);
  return EXIT_SUCCESS;
}
