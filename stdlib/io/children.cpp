#include "stdlib/io/children.hpp"

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX, more than <csignal>

#include <array>
#include <atomic>
#include <cstddef>

namespace neap::internal::stdlib::io {

namespace {

constexpr std::size_t kMost = 4096;

// What kill takes: the number, negative for a group; 0 is a free place. No lock, for a signal handler reads it.
std::array<std::atomic<pid_t>, kMost> g_children{};
std::array<std::atomic<bool>, kMost> g_awaited{};
std::atomic<std::size_t> g_end{0};  // no place from here on was ever used
std::atomic<bool> g_over{false};    // those that come now end at once: another thread may have been about to start one
static_assert(std::atomic<pid_t>::is_always_lock_free);

void kill_those(bool awaited_too) {
  for (std::size_t i = 0; i < g_end.load(); ++i) {
    const pid_t there = g_children[i].load();
    if (there != 0 && (awaited_too || !g_awaited[i].load())) ::kill(there, SIGKILL);
  }
}

}  // namespace

void remember_child(pid_t pid, bool group, bool awaited) {
  for (std::size_t i = 0; i < kMost; ++i) {
    pid_t free = 0;
    if (!g_children[i].compare_exchange_strong(free, group ? -pid : pid)) continue;
    g_awaited[i].store(awaited);
    std::size_t end = g_end.load();
    while (end <= i && !g_end.compare_exchange_weak(end, i + 1)) {}
    if (g_over.load() && !awaited) ::kill(group ? -pid : pid, SIGKILL);
    return;
  }
}

void forget_child(pid_t pid) {
  for (std::size_t i = 0; i < g_end.load(); ++i) {
    const pid_t there = g_children[i].load();
    if (there == pid || there == -pid) g_children[i].store(0);
  }
}

void kill_children() { kill_those(false); }

void end_children() {
  g_over.store(true);
  kill_children();
}

void kill_all_children() { kill_those(true); }

}  // namespace neap::internal::stdlib::io
