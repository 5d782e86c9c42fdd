// Clocks that jump: the calls that read them are replaced, and add what stands in a file beside the script: seconds of
// the wall clock and of the monotonic one.
#include "tests/support/preload.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace neap::internal::tests;

namespace {

constexpr const char* kClocks = R"c(
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static char jump_file[512];
__attribute__((constructor)) static void name_jump_file(void) {
  /* The script is the last argument; the arguments are divided by zeros. */
  char text[4096];
  int file = open("/proc/self/cmdline", O_RDONLY);
  long size = read(file, text, sizeof text - 1), last = size - 1;
  close(file);
  while (last > 0 && text[last - 1] != 0) --last;
  snprintf(jump_file, sizeof jump_file, "%s.jump", text + last);
}
static void jumps(long *wall, long *monotonic) {
  char text[64] = "", *end;
  int file = open(jump_file, O_RDONLY);
  if (file >= 0) {
    if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
    close(file);
  }
  *wall = strtol(text, &end, 10);
  *monotonic = strtol(end, 0, 10);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  long wall, monotonic;
  if (real == 0) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  jumps(&wall, &monotonic);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += wall;
  if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE) now->tv_sec += monotonic;
  return result;
}
time_t time(time_t *answer) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (answer != 0) *answer = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval *answer, void *zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  answer->tv_sec = now.tv_sec;
  answer->tv_usec = now.tv_nsec / 1000;
  return 0;
}
)c";

/// Runs the script, which jumps by jump(wall, monotonic), and must print the text.
void check_prints(const std::string& script, const std::string& out) {
  const ProcessResult result = run_preloaded(kClocks, R"lua(
    function jump(wall, monotonic)
      local file = assert(io.open(arg[0] .. ".jump", "w"))
      file:write(wall, " ", monotonic)
      file:close()
    end
  )lua" + script);
  CAPTURE(result.err);
  CHECK_FALSE(result.timed_out);
  CHECK(result.out == out);
  CHECK(result.status == 0);
}

}  // namespace

TEST_CASE("clocks: the wall clock moves neither sleeps nor timeouts", "[reliability]") {
  check_prints(R"lua(
    local loop = async.get_running_loop()
    for _, days in ipairs { 1, -1 } do
      jump(0, 0)
      local began, date = loop:time(), os.time()
      local nap = async.spawn(async.sleep, 0.2)
      local limit = async.spawn(function() return pcall(async.timeout, 0.3, async.sleep, 60) end)
      async.sleep(0.05)
      jump(days * 86400, 0)
      print(math.abs(os.time() - date - days * 86400) < 10, "the date has jumped")
      await(nap)
      local slept = loop:time() - began
      local ok, err = await(limit)
      local limited = loop:time() - began
      print(slept >= 0.2 and slept < 5, ok, async.is(err, async.TimeoutError), limited >= 0.3 and limited < 5)
    end
  )lua",
               "true\tthe date has jumped\ntrue\tfalse\ttrue\ttrue\n"
               "true\tthe date has jumped\ntrue\tfalse\ttrue\ttrue\n");
}

TEST_CASE("clocks: after an hour that nobody saw, what is due comes at once, in order, and once", "[reliability]") {
  check_prints(R"lua(
    local order, ticks, late = {}, 0, 0
    local tasks = {}
    for i = 100, 1, -1 do
      tasks[#tasks + 1] = async.spawn(function()
        async.sleep(i * 30)
        order[#order + 1] = i
      end)
    end
    local limit = async.spawn(function() return pcall(async.timeout, 1800, async.sleep, 7200) end)
    async.spawn(function()
      while true do
        async.sleep(1)
        ticks = ticks + 1
      end
    end)
    local beyond = async.spawn(async.sleep, 7200)
    async.sleep(0.05)
    jump(0, 3600)
    async.sleep(0.05)
    for _, task in ipairs(tasks) do await(task) end
    local ok, err = await(limit)
    local sorted = #order == 100
    for i, number in ipairs(order) do sorted = sorted and i == number end
    print(sorted, ok, async.is(err, async.TimeoutError), ticks == 1, beyond:done())
    os.exit(0)
  )lua",
               "true\tfalse\ttrue\ttrue\tfalse\n");
}
