#include "stdlib/fs/job.hpp"

#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"

#include <cerrno>
#include <new>

namespace neap::internal::stdlib::fs {

void FsJob::work() noexcept {
  const Confinement confined(permissions_.get());
  try {
    failure_ = run();
    if (failure_.error == kDenied) denial_ = take_denial();
  } catch (const std::bad_alloc&) {
    failure_ = {ENOMEM, "malloc"};
  }
}

int FsJob::answer(lua_State* L) {
  if (!failure_) return results(L);
  release();
  if (failure_.error == kDenied) {
    const Permission kind = denial_.kind;
    push(L, denial_.value);
    std::string().swap(denial_.value);
    raise_denied(L, kind, lua_tostring(L, -1));
  }
  raise_failure(L, failure_, c_path(), target());
}

void raise_failure(lua_State* L, const Failure& failure, const char* path, const char* target) {
  const int code = uv_translate_sys_error(failure.error);
  raise_os_error(L, code, system_error_name(code), system_error_text(code), failure.syscall, path, target);
}

}  // namespace neap::internal::stdlib::fs
