#include "tests/support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern char** environ;  // NOLINT(readability-redundant-declaration): glibc alone declares it

namespace neap::internal::tests {

namespace {

using Clock = std::chrono::steady_clock;

/// Two ends of a pipe or a terminal; each is closed once.
struct Channel {
  int ours = -1;
  int theirs = -1;

  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    close_ours();
    close_theirs();
  }
  void close_ours() {
    if (ours >= 0) close(ours);
    ours = -1;
  }
  void close_theirs() {
    if (theirs >= 0) close(theirs);
    theirs = -1;
  }
};

void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

/// `child_writes`: which end of the pipe the child gets.
void open_pipe(Channel& channel, bool child_writes) {
  std::array<int, 2> ends{};
  check(pipe(ends.data()) == 0, "pipe");
  for (const int end : ends) fcntl(end, F_SETFD, FD_CLOEXEC);
  channel.ours = ends[child_writes ? 0 : 1];
  channel.theirs = ends[child_writes ? 1 : 0];
}

void open_terminal(Channel& channel) {
  channel.ours = posix_openpt(O_RDWR | O_NOCTTY);
  check(channel.ours >= 0 && grantpt(channel.ours) == 0 && unlockpt(channel.ours) == 0, "posix_openpt");
  fcntl(channel.ours, F_SETFD, FD_CLOEXEC);
  channel.theirs = open(ptsname(channel.ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
  check(channel.theirs >= 0, "open the terminal");
}

std::string name_of(const std::string& entry) { return entry.substr(0, entry.find('=')); }

std::vector<std::string> environment(const std::vector<std::string>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool changed = false;
    for (const std::string& change : changes) changed = changed || name_of(change) == name_of(*entry);
    if (!changed) result.emplace_back(*entry);
  }
  for (const std::string& change : changes) {
    if (change.find('=') != std::string::npos) result.push_back(change);
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// In the child, between fork and exec: only what is safe there. A runner may have started us with signals
/// ignored, and that is inherited.
[[noreturn]] void become(char* const* argv, char* const* env, const char* cwd, const int (&descriptors)[3]) {
  for (int i = 0; i < 3; ++i) {
    if (descriptors[i] < 0) {
      close(i);
    } else {
      dup2(descriptors[i], i);
    }
  }
  for (const int number : {SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGUSR1}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (*cwd != '\0' && chdir(cwd) != 0) _exit(127);
  execve(argv[0], argv, env);
  _exit(127);
}

/// One run of a child.
class Run {
 public:
  Run(const std::vector<std::string>& argv, const ProcessOptions& options)
      : options_(options),
        deadline_(Clock::now() +
                  std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.limit))) {
    start(argv);
  }

  ProcessResult finish() {
    while (out_.ours >= 0 || err_.ours >= 0) {
      if (!pump()) break;
    }
    reap();
    return result_;
  }

 private:
  void start(std::vector<std::string> argv) {
    options_.stdin_is_terminal ? open_terminal(in_) : open_pipe(in_, false);
    options_.stderr_is_terminal ? open_terminal(err_) : open_pipe(err_, true);
    if (!options_.stdout_path.empty()) {
      out_.theirs = open(options_.stdout_path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      check(out_.theirs >= 0, "open the file for stdout");
    } else if (!options_.close_stdout) {
      open_pipe(out_, true);
    }
    std::vector<std::string> env = environment(options_.env);
    const std::vector<char*> argv_pointers = pointers(argv);
    const std::vector<char*> env_pointers = pointers(env);
    const int descriptors[3] = {in_.theirs, out_.theirs, err_.theirs};
    child_ = fork();
    check(child_ >= 0, "fork");
    if (child_ == 0) become(argv_pointers.data(), env_pointers.data(), options_.cwd.c_str(), descriptors);
    for (Channel* channel : {&in_, &out_, &err_}) {
      channel->close_theirs();
      if (channel->ours >= 0) fcntl(channel->ours, F_SETFL, O_NONBLOCK);
    }
  }

  /// Moves what is there to move. False when the time is over.
  bool pump() {
    feed();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) {
      result_.timed_out = true;
      return false;
    }
    const bool feeding = in_.ours >= 0 && !options_.stdin_is_terminal;
    pollfd entries[3] = {{feeding ? in_.ours : -1, POLLOUT, 0}, {out_.ours, POLLIN, 0}, {err_.ours, POLLIN, 0}};
    constexpr decltype(left) kBetweenSignals = 20;
    poll(entries, 3, static_cast<int>(repeating_ ? std::min(left, kBetweenSignals) : left));
    if (entries[1].revents != 0) collect(out_, result_.out);
    if (entries[2].revents != 0) collect(err_, result_.err);
    if (options_.drop_stdout_after >= 0 && result_.out.size() >= static_cast<std::size_t>(options_.drop_stdout_after)) {
      out_.close_ours();
    }
    send_signals();
    return true;
  }

  void feed() {
    if (in_.ours < 0 || options_.stdin_is_terminal) return;
    while (fed_ < options_.input.size()) {
      const ssize_t wrote = write(in_.ours, options_.input.data() + fed_, options_.input.size() - fed_);
      if (wrote < 0 && errno == EAGAIN) return;
      if (wrote < 0) break;  // the child reads no further
      fed_ += static_cast<std::size_t>(wrote);
    }
    in_.close_ours();
  }

  static void collect(Channel& channel, std::string& text) {
    std::array<char, 65536> buffer{};
    const ssize_t got = read(channel.ours, buffer.data(), buffer.size());
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EAGAIN) {  // a terminal whose other side is closed gives EIO
      channel.close_ours();
    }
  }

  void send_signals() {
    while (next_signal_ < options_.signals.size()) {
      const SignalPlan& plan = options_.signals[next_signal_];
      if ((result_.out + result_.err).find(plan.after) == std::string::npos) return;
      kill(child_, plan.number);
      if (plan.repeated) {
        repeating_ = true;
        return;
      }
      ++next_signal_;
    }
  }

  void reap() {
    int status = 0;
    // Closed streams do not mean that the child has ended, and a child that hangs must not hang the tests.
    while (!result_.timed_out && waitpid(child_, &status, WNOHANG) == 0) {
      if (Clock::now() >= deadline_) result_.timed_out = true;
      poll(nullptr, 0, 1);
    }
    if (result_.timed_out) {
      kill(child_, SIGKILL);
      waitpid(child_, &status, 0);
    }
    result_.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  const ProcessOptions& options_;
  Clock::time_point deadline_;
  Channel in_;
  Channel out_;
  Channel err_;
  pid_t child_ = -1;
  std::size_t fed_ = 0;
  std::size_t next_signal_ = 0;
  bool repeating_ = false;
  ProcessResult result_;
};

}  // namespace

ProcessResult run(const std::vector<std::string>& argv, const ProcessOptions& options) {
  // A child that does not read its input must not end us.
  signal(SIGPIPE, SIG_IGN);
  return Run(argv, options).finish();
}

ProcessResult run_neap(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  ProcessOptions clean = options;
  clean.env = {"LUA_INIT",      "LUA_INIT_5_4", "LUA_PATH",    "LUA_PATH_5_4", "LUA_CPATH",
               "LUA_CPATH_5_4", "NEAP_DEBUG",   "NEAP_STDLIB", "NO_COLOR",     "TERM=xterm"};
  for (const std::string& change : options.env) {
    std::erase_if(clean.env, [&](const std::string& entry) { return name_of(entry) == name_of(change); });
    clean.env.push_back(change);
  }
  std::vector<std::string> argv{NEAP_BINARY};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run(argv, clean);
}

ScratchDirectory::ScratchDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "neap-test-XXXXXX").string();
  check(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  path_ = std::filesystem::canonical(pattern).string();
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::write(const std::string& name, const std::string& text) const {
  std::string path = path_ + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace neap::internal::tests
