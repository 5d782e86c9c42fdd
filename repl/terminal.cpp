#include "repl/terminal.hpp"

#include "stdlib/io/readiness.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace neap::internal::repl {

namespace {

constexpr std::string_view kPasteOn = "\x1b[?2004h";
constexpr std::string_view kPasteOff = "\x1b[?2004l";

termios g_found;                     // the modes at the start
std::atomic<bool> g_changed{false};  // they are not the terminal's now
std::atomic<bool> g_drawing{false};  // raw

bool try_modes(const termios& modes, int when) {
  int answer = 0;
  do {
    answer = tcsetattr(Terminal::kInput, when, &modes);
  } while (answer != 0 && errno == EINTR);
  return answer == 0;
}

/// Without a change of what was typed and not read: it is read in the new modes. When waiting for the output fails,
/// without that.
bool set_modes(const termios& modes) { return try_modes(modes, TCSADRAIN) || try_modes(modes, TCSANOW); }

void put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(Terminal::kOutput, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {  // somebody who shares it has made it so
      pollfd item{Terminal::kOutput, POLLOUT, 0};
      ::poll(&item, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

termios cooked_modes() {
  termios modes = g_found;
  modes.c_lflag |= ISIG | NOFLSH;
  return modes;
}

termios raw_modes() {
  termios modes = cooked_modes();
  modes.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN);
  modes.c_oflag |= OPOST | ONLCR;
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  modes.c_cc[VQUIT] = _POSIX_VDISABLE;
  modes.c_cc[VSUSP] = _POSIX_VDISABLE;  // Ctrl-Z is a key; it is told in its order among the others
#ifdef VDSUSP
  modes.c_cc[VDSUSP] = _POSIX_VDISABLE;
#endif
  return modes;
}

}  // namespace

bool Terminal::is_usable() {
  const char* term = std::getenv("TERM");
  const bool can_draw = term != nullptr && *term != '\0' && std::strcmp(term, "dumb") != 0;
  return can_draw && isatty(kInput) != 0 && isatty(kOutput) != 0;
}

bool Terminal::errors_are_shown() {
  struct stat out {};
  struct stat err {};
  return isatty(STDERR_FILENO) != 0 && fstat(kOutput, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
         out.st_rdev == err.st_rdev;
}

int Terminal::open() {
  if (tcgetattr(kInput, &g_found) != 0) return errno;
  g_changed.store(true);
  set_modes(cooked_modes());
  return 0;
}

void Terminal::raw() {
  if (raw_) return;
  raw_ = true;
  g_drawing.store(true);
  set_modes(raw_modes());
  put(kPasteOn);
}

void Terminal::raw_again() {
  set_modes(raw_modes());
  put(kPasteOn);
}

void Terminal::cooked() {
  if (!raw_) return;
  raw_ = false;
  put(kPasteOff);
  g_drawing.store(false);
  set_modes(cooked_modes());
}

void Terminal::restore() {
  cooked();
  if (g_changed.load() && set_modes(g_found)) g_changed.store(false);
}

Size Terminal::size() {
  winsize window{};
  Size size;
  if (ioctl(kOutput, TIOCGWINSZ, &window) != 0) return size;
  if (window.ws_col != 0) size.columns = window.ws_col;
  if (window.ws_row != 0) size.rows = window.ws_row;
  return size;
}

std::size_t Terminal::waiting() {
  int count = 0;
  return ioctl(kInput, FIONREAD, &count) == 0 && count > 0 ? static_cast<std::size_t>(count) : 0;
}

bool Terminal::read(std::string& bytes, std::size_t most) {
  constexpr std::size_t kPiece = 4096;
  char piece[kPiece];
  while (most != 0 && stdlib::io::is_ready(kInput, false)) {
    const ssize_t count = ::read(kInput, piece, std::min(most, kPiece));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;  // somebody else has read it
    if (count <= 0) return false;
    bytes.append(piece, static_cast<std::size_t>(count));
    most -= static_cast<std::size_t>(count);
  }
  return true;
}

void restore_terminal() {
  if (!g_changed.exchange(false)) return;
  if (g_drawing.exchange(false)) {
    put("\x1b[0m\r\n\x1b[J");
    put(kPasteOff);
  }
  try_modes(g_found, TCSANOW);
}

}  // namespace neap::internal::repl
