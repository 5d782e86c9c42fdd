#include "repl/redirect.hpp"

#include <sys/types.h>

namespace neap::internal::repl {

namespace {

#if defined(__GLIBC__)
ssize_t hand_on(void* sink, const char* bytes, std::size_t size) {
  static_cast<StandardStreams*>(sink)->write({bytes, size});
  return static_cast<ssize_t>(size);
}

/// What was printed before an error comes before it.
ssize_t hand_on_error(void* sink, const char* bytes, std::size_t size) {
  std::fflush(stdout);
  return hand_on(sink, bytes, size);
}

std::FILE* open_stream(StandardStreams& sink, bool errors) {
  cookie_io_functions_t functions{};
  functions.write = errors ? hand_on_error : hand_on;
  return fopencookie(&sink, "w", functions);
}
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
int hand_on(void* sink, const char* bytes, int size) {
  static_cast<StandardStreams*>(sink)->write({bytes, static_cast<std::size_t>(size)});
  return size;
}

int hand_on_error(void* sink, const char* bytes, int size) {
  std::fflush(stdout);
  return hand_on(sink, bytes, size);
}

std::FILE* open_stream(StandardStreams& sink, bool errors) { return fwopen(&sink, errors ? hand_on_error : hand_on); }
#else
#define NEAP_FIXED_STREAMS
#endif

}  // namespace

bool Redirect::is_possible() {
#ifdef NEAP_FIXED_STREAMS
  return false;
#else
  return true;
#endif
}

bool Redirect::begin([[maybe_unused]] StandardStreams& sink, [[maybe_unused]] bool with_stderr) {
#ifdef NEAP_FIXED_STREAMS
  return false;
#else
  std::fflush(stdout);
  out_ = {stdout, open_stream(sink, false)};
  if (with_stderr) err_ = {stderr, open_stream(sink, true)};
  if (out_.ours == nullptr || (with_stderr && err_.ours == nullptr)) {
    end();
    return false;
  }
  std::setvbuf(out_.ours, nullptr, _IOLBF, BUFSIZ);
  stdout = out_.ours;
  if (!with_stderr) return true;
  std::setvbuf(err_.ours, nullptr, _IONBF, 0);
  stderr = err_.ours;
  return true;
#endif
}

void Redirect::flush() {
  if (out_.ours != nullptr) std::fflush(out_.ours);
}

void Redirect::end() {
#ifndef NEAP_FIXED_STREAMS
  for (Pair* pair : {&out_, &err_}) {
    if (pair->ours == nullptr) continue;
    if (stdout == pair->ours) stdout = pair->original;
    if (stderr == pair->ours) stderr = pair->original;
    std::fclose(pair->ours);
    *pair = {};
  }
#endif
}

void Redirect::take_file(lua_State* L, int index) const {
  auto* file = static_cast<luaL_Stream*>(luaL_testudata(L, index, LUA_FILEHANDLE));
  if (file == nullptr || file->f == nullptr) return;
  if (file->f == out_.original) file->f = out_.ours;
  if (file->f == err_.original) file->f = err_.ours;
}

void Redirect::give_file_back(lua_State* L, int index) const {
  auto* file = static_cast<luaL_Stream*>(luaL_testudata(L, index, LUA_FILEHANDLE));
  if (file == nullptr || file->f == nullptr) return;
  if (file->f == out_.ours) file->f = out_.original;
  if (file->f == err_.ours) file->f = err_.original;
}

}  // namespace neap::internal::repl
