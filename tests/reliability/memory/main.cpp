// Runs every scenario with the first, second, third... block of memory failing, until a run comes through without
// meeting a failure. Afterwards the code has been told, or has come to its end; the interpreter can be used; and
// nothing is left of it: no block, descriptor, thread or child.
//
//   neap_memory [--full] [--step N] [--only TEXT] [--kind KIND] [--n N] [--jobs N] [--list]
//
// --full: every block up to the 3,000th, then each seventh; --step N with it: each N-th. Without --full and --kind: a
// part of the blocks, with everything loaded before.
//
// A process for each scenario and kind of failure. What kills or stops one is told with the number of the block, and
// the next block is tried.
#include "repl/library.hpp"
#include "stdlib/io/exit_watch.hpp"
#include "stdlib/registry.hpp"
#include "tests/reliability/memory/failure.hpp"
#include "tests/reliability/memory/scenario.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace {

using namespace neap::internal::tests::memory;

struct Kind {
  const char* name;
  Plan plan;
  bool warm;
};

constexpr Kind kKinds[] = {
    {"lua-once", {Source::lua, false}, true},
    {"lua-from", {Source::lua, true}, true},
    {"lua-once-cold", {Source::lua, false}, false},
    {"lua-from-cold", {Source::lua, true}, false},
    {"new-once", {Source::cpp, false}, true},
    {"new-from", {Source::cpp, true}, true},
    {"new-once-cold", {Source::cpp, false}, false},
    {"new-from-cold", {Source::cpp, true}, false},
    {"new-threads", {Source::cpp, false, true}, true},
    {"new-threads-from", {Source::cpp, true, true}, true},
    {"uv-once", {Source::uv, false}, true},
    {"uv-from", {Source::uv, true}, true},
};

struct Options {
  bool full = false;
  bool list = false;
  std::string only;
  std::string kind;
  std::uint64_t n = 0;
  std::uint64_t step = 1;
  unsigned jobs = 4 * std::max(1U, std::thread::hardware_concurrency());  // they wait more than they compute
};

/// What a process tells the one that started it, also when it dies.
struct Progress {
  std::uint64_t n;
  std::uint64_t runs;
  std::uint64_t problems;
  bool done;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr unsigned kPatience = 60;  // seconds for one run
#else
constexpr unsigned kPatience = 20;
#endif
constexpr int kMostDeaths = 8;

char g_doing[256];
Progress* g_progress = nullptr;

void on_alarm(int) {
  char text[400];
  const int size =
      std::snprintf(text, sizeof text, "%s, n=%llu: hangs\n", g_doing, static_cast<unsigned long long>(g_progress->n));
  (void)!write(STDERR_FILENO, text, static_cast<std::size_t>(size));
  if (std::getenv("NEAP_MEMORY_WAIT") != nullptr) pause();
  std::_Exit(86);
}

std::size_t entries_of(const char* directory) {
  const auto all = std::filesystem::directory_iterator(directory);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct Held {
  std::size_t descriptors = entries_of("/proc/self/fd");
  std::size_t threads = entries_of("/proc/self/task");
  std::int64_t cpp = live_cpp();
  std::int64_t uv = live_uv();
};

std::string compare(const Held& before, const Held& after) {
  const auto differs = [](const char* what, std::int64_t was, std::int64_t is) {
    return is <= was ? std::string() : std::string("; ") + what + ": " + std::to_string(is - was) + " more";
  };
  std::string text =
      differs("descriptors", static_cast<std::int64_t>(before.descriptors),
              static_cast<std::int64_t>(after.descriptors)) +
      differs("threads", static_cast<std::int64_t>(before.threads), static_cast<std::int64_t>(after.threads)) +
      differs("blocks of C++", before.cpp, after.cpp) + differs("blocks of libuv", before.uv, after.uv);
  return text.empty() ? text : text.substr(2);
}

/// Threads that have ended leave /proc, and give back their blocks, a little later.
std::string left_since(Held before, const Outcome& outcome) {
  std::string left;
  constexpr std::size_t kWithin = 15;  // characters that need no block
  for (const std::string* text : {&outcome.error, &outcome.problem}) before.cpp += text->capacity() > kWithin ? 1 : 0;
  for (int i = 0; i < 100; ++i) {
    left = compare(before, Held());
    // Children that were given up for want of memory are reaped when the next one is made.
    neap::internal::stdlib::io::ExitWatch::make(nullptr, nullptr);
    if (left.empty() && (waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD)) left = "a child";
    if (left.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return left;
}

bool is_clean(const std::string& error) {
  return error.empty() || error.find("not enough memory") != std::string::npos ||
         error.find("ENOMEM") != std::string::npos || error.find("bad_alloc") != std::string::npos;
}

/// What was wrong with one run; empty when all is well.
std::string run_once(const Scenario& scenario, const Kind& kind, std::uint64_t n, bool* met) {
  alarm(kPatience);
  const Held before;
  const Outcome outcome = scenario.run({kind.plan, n, kind.warm});
  *met = n == 0 || failed() != 0;
  const std::string left = left_since(before, outcome);
  alarm(0);
  std::string problem = outcome.problem;
  const auto add = [&problem](const std::string& more) { problem += (problem.empty() ? "" : "; ") + more; };
  if (!is_clean(outcome.error)) add("ended by: " + outcome.error);
  if (!*met && !outcome.error.empty()) add("without any failure: " + outcome.error);
  if (!left.empty()) add("left: " + left);
  return problem;
}

/// False when the n-th block was not asked for: there is no more to be tried.
bool try_one(const Scenario& scenario, const Kind& kind, std::uint64_t n, Progress& progress) {
  progress.n = n;
  ++progress.runs;
  bool met = false;
  // What a process or thread makes once is no leak: it does not come a second time.
  if (run_once(scenario, kind, n, &met).empty()) return met;
  const std::string problem = run_once(scenario, kind, n, &met);
  if (problem.empty()) return met;
  ++progress.problems;
  std::fprintf(stderr, "%s, n=%llu: %s\n", g_doing, static_cast<unsigned long long>(n), problem.c_str());
  return met;
}

/// The next block to be tried: all of the first ones, and then fewer and fewer, but never the same distance twice in a
/// row.
std::uint64_t next(std::uint64_t n, const Options& options) {
  if (options.full) return n + (n < 3000 ? options.step : 7 * options.step);
  if (n < 12) return n + 1;
  return n + 1 + n / 3 + n % 3;
}

/// In a process of its own, from the block `first` on.
void sweep(const Scenario& scenario, const Kind& kind, const Options& options, std::uint64_t first,
           Progress& progress) {
  signal(SIGALRM, on_alarm);
  const Kind without{kind.name, {kind.plan.source, false}, kind.warm};
  // Twice without any failure: what a process makes once is there then.
  for (int i = 0; i < 2 && first == 1; ++i) {
    progress.n = 0;
    alarm(kPatience);
    const Outcome outcome = scenario.run({without.plan, 0, kind.warm});
    alarm(0);
    if (outcome.error.empty() && outcome.problem.empty()) continue;
    std::fprintf(stderr, "%s: without any failure: %s %s\n", g_doing, outcome.error.c_str(), outcome.problem.c_str());
    ++progress.problems;
    progress.done = true;
    return;
  }
  if (first != 1) scenario.run({without.plan, 0, kind.warm});
  if (options.n != 0) {
    try_one(scenario, kind, options.n, progress);
  } else {
    for (std::uint64_t n = first; try_one(scenario, kind, n, progress); n = next(n, options)) {}
  }
#if defined(__SANITIZE_ADDRESS__)
  if (__lsan_do_recoverable_leak_check() != 0) {
    std::fprintf(stderr, "%s: leaks\n", g_doing);
    ++progress.problems;
  }
#endif
  progress.done = true;
}

struct Job {
  const Scenario* scenario;
  const Kind* kind;
  Progress* progress;
  int deaths = 0;
};

pid_t start(const Job& job, const Options& options, std::uint64_t first) {
  std::fflush(stderr);
  const pid_t child = fork();
  if (child != 0) return child;
  g_progress = job.progress;
  std::snprintf(g_doing, sizeof g_doing, "%s, %s", job.scenario->name.c_str(), job.kind->name);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  sweep(*job.scenario, *job.kind, options, first, *job.progress);
  std::fflush(stderr);
  std::_Exit(0);
}

/// True when the job is over.
bool ended(Job& job, int status) {
  if (job.progress->done) return true;
  ++job.deaths;
  ++job.progress->problems;
  if (WIFSIGNALED(status)) {
    std::fprintf(stderr, "%s, %s, n=%llu: killed by signal %d\n", job.scenario->name.c_str(), job.kind->name,
                 static_cast<unsigned long long>(job.progress->n), WTERMSIG(status));
  } else if (WEXITSTATUS(status) != 86) {
    std::fprintf(stderr, "%s, %s, n=%llu: ended the process with %d\n", job.scenario->name.c_str(), job.kind->name,
                 static_cast<unsigned long long>(job.progress->n), WEXITSTATUS(status));
  }
  return job.progress->n == 0 || job.deaths >= kMostDeaths;
}

int run_all(std::vector<Job>& jobs, const Options& options) {
  std::map<pid_t, Job*> running;
  std::size_t at = 0;
  while (at < jobs.size() || !running.empty()) {
    while (at < jobs.size() && running.size() < options.jobs) {
      Job& job = jobs[at++];
      running[start(job, options, 1)] = &job;
    }
    int status = 0;
    const pid_t child = wait(&status);
    const auto found = running.find(child);
    if (found == running.end()) continue;
    Job& job = *found->second;
    running.erase(found);
    if (ended(job, status) || options.n != 0) continue;
    running[start(job, options, job.progress->n + 1)] = &job;
  }
  std::uint64_t runs = 0;
  std::uint64_t problems = 0;
  for (const Job& job : jobs) {
    runs += job.progress->runs;
    problems += job.progress->problems;
  }
  std::printf("%llu runs, %llu problems\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(problems));
  return problems == 0 && runs != 0 ? 0 : 1;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--full") {
      options.full = true;
    } else if (option == "--list") {
      options.list = true;
    } else {
      ++i;
      if (option == "--only")
        options.only = value;
      else if (option == "--kind")
        options.kind = value;
      else if (option == "--n")
        options.n = std::strtoull(value, nullptr, 10);
      else if (option == "--step")
        options.step = std::max<std::uint64_t>(1, std::strtoull(value, nullptr, 10));
      else if (option == "--jobs")
        options.jobs = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
      else {
        std::fprintf(stderr, "neap_memory: no option %s\n", option.c_str());
        std::exit(2);
      }
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  replace_uv_allocator();
  neap::internal::stdlib::add_library(neap::internal::repl::own_library());
  std::vector<Scenario> scenarios = lua_scenarios();
  for (Scenario& scenario : embedding_scenarios()) scenarios.push_back(std::move(scenario));
  std::vector<Job> jobs;
  for (const Kind& kind : kKinds) {
    for (const Scenario& scenario : scenarios) {
      if (!options.full && options.kind.empty() && !kind.warm) continue;
      if (scenario.name.find(options.only) == std::string::npos) continue;
      if (!options.kind.empty() && std::string_view(kind.name).find(options.kind) == std::string_view::npos) continue;
      jobs.push_back({&scenario, &kind, nullptr});
    }
  }
  if (options.list) {
    for (const Scenario& scenario : scenarios) std::puts(scenario.name.c_str());
    return 0;
  }
  void* shared =
      mmap(nullptr, (jobs.size() + 1) * sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i].progress = new (static_cast<Progress*>(shared) + i) Progress{};
  return run_all(jobs, options);
}
