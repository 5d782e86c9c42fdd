#include "tests/reliability/memory/failure.hpp"

#include <uv.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <utility>

namespace neap::internal::tests::memory {

namespace {

thread_local bool t_armed = false;
thread_local bool t_arms = false;            // the thread of the interpreter
std::atomic<bool> g_armed_elsewhere{false};  // with a plan for the others
Plan g_plan;
std::uint64_t g_n = 0;
std::atomic<std::uint64_t> g_asked{0};
std::atomic<std::uint64_t> g_failed{0};
bool g_again = false;  // Lua has collected, and asks for the same block once more
Allocator* g_allocator = nullptr;
std::atomic<std::int64_t> g_live_cpp{0};
std::atomic<std::int64_t> g_live_uv{0};

bool fails(Source source) {
  const bool armed = t_armed || (!t_arms && g_armed_elsewhere);
  if (!armed || g_plan.source != source) return false;
  if (std::exchange(g_again, false)) return true;
  const std::uint64_t asked = ++g_asked;
  if (g_n == 0 || asked < g_n || (asked > g_n && !g_plan.from_then_on)) return false;
  ++g_failed;
  g_again = source == Source::lua && !g_plan.from_then_on;
  return true;
}

bool refuse(void*) { return fails(Source::lua); }

void* uv_malloc(std::size_t size) {
  if (fails(Source::uv)) return nullptr;
  void* block = std::malloc(size);
  if (block != nullptr) ++g_live_uv;
  return block;
}

void uv_free(void* block) {
  if (block != nullptr) --g_live_uv;
  std::free(block);
}

void* uv_calloc(std::size_t count, std::size_t size) {
  if (fails(Source::uv)) return nullptr;
  void* block = std::calloc(count, size);
  if (block != nullptr) ++g_live_uv;
  return block;
}

void* uv_realloc(void* block, std::size_t size) {
  if (size == 0) {
    uv_free(block);
    return nullptr;
  }
  if (fails(Source::uv)) return nullptr;
  void* moved = std::realloc(block, size);
  if (block == nullptr && moved != nullptr) ++g_live_uv;
  return moved;
}

}  // namespace

void replace_uv_allocator() { uv_replace_allocator(uv_malloc, uv_realloc, uv_calloc, uv_free); }

void watch(Allocator* allocator) {
  if (g_allocator != nullptr) g_allocator->set_refusal(nullptr, nullptr);
  g_allocator = allocator;
}

void arm(const Plan& plan, std::uint64_t n) {
  g_plan = plan;
  g_n = n;
  g_asked = 0;
  g_failed = 0;
  g_again = false;
  if (g_allocator != nullptr && plan.source == Source::lua) g_allocator->set_refusal(refuse, nullptr);
  t_arms = true;
  t_armed = !plan.elsewhere;
  g_armed_elsewhere = plan.elsewhere;
}

void disarm() {
  t_armed = false;
  g_armed_elsewhere = false;
  if (g_allocator != nullptr) g_allocator->set_refusal(nullptr, nullptr);
}

std::uint64_t asked() { return g_asked; }
std::uint64_t failed() { return g_failed; }
std::int64_t live_cpp() { return g_live_cpp; }
std::int64_t live_uv() { return g_live_uv; }

Spared::Spared() : before_(std::exchange(t_armed, false)) {}
Spared::~Spared() { t_armed = before_; }

namespace {

void* take(std::size_t size, std::size_t alignment) noexcept {
  if (fails(Source::cpp)) return nullptr;
  if (size == 0) size = 1;
  void* block =
      alignment == 0 ? std::malloc(size) : std::aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
  if (block != nullptr) ++g_live_cpp;
  return block;
}

void* take_or_throw(std::size_t size, std::size_t alignment = 0) {
  void* block = take(size, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void give(void* block) noexcept {
  if (block == nullptr) return;
  --g_live_cpp;
  std::free(block);
}

}  // namespace

}  // namespace neap::internal::tests::memory

// NOLINTBEGIN(misc-new-delete-overloads): all of them, below
using neap::internal::tests::memory::give;
using neap::internal::tests::memory::take;
using neap::internal::tests::memory::take_or_throw;

void* operator new(std::size_t size) { return take_or_throw(size); }
void* operator new[](std::size_t size) { return take_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size, 0); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return take(size, 0); }
void* operator new(std::size_t size, std::align_val_t a) { return take_or_throw(size, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t size, std::align_val_t a) { return take_or_throw(size, static_cast<std::size_t>(a)); }
void operator delete(void* block) noexcept { give(block); }
void operator delete[](void* block) noexcept { give(block); }
void operator delete(void* block, std::size_t) noexcept { give(block); }
void operator delete[](void* block, std::size_t) noexcept { give(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { give(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { give(block); }
void operator delete(void* block, std::align_val_t) noexcept { give(block); }
void operator delete[](void* block, std::align_val_t) noexcept { give(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { give(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { give(block); }
// NOLINTEND(misc-new-delete-overloads)
