// Errors that nobody can receive: those in callbacks, and those of failed tasks that nobody asks for.
#include "runtime/lua/error.hpp"
#include "runtime/task/scheduler.hpp"

namespace neap::internal {

namespace {

const char kHandler = 0;   // registry key: the exception handler, a function of the context
const char kNotes = 0;     // registry key: weak list of the notes of failed futures, by number
const char kNoteType = 0;  // registry key: their metatable
const char kDropped = 0;   // registry key: list of failed futures that were collected, or nil

/// Makes the context of a failed future (at `index`) that nobody has looked at, and reports it.
void report_future(lua_State* L, Scheduler& scheduler, int index) {
  auto& future = *static_cast<Future*>(lua_touserdata(L, index));
  future.retrieved = true;
  const bool is_task = future.kind == FutureKind::task;
  lua_createtable(L, 0, 4);
  lua_pushfstring(L, "%s exception was never retrieved", is_task ? "Task" : "Future");
  lua_setfield(L, -2, "message");
  lua_pushvalue(L, index);
  lua_setfield(L, -2, is_task ? "task" : "future");
  lua_getiuservalue(L, index, kResult);
  lua_setfield(L, -2, "exception");
  push_extra(L, index, "traceback");
  lua_setfield(L, -2, "traceback");
  push_extra(L, index, "source_traceback");
  lua_setfield(L, -2, "source_traceback");
  scheduler.report(L);
}

int report_dropped(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kDropped) != LUA_TTABLE) return 0;
  const int list = lua_gettop(L);
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kDropped);
  for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; ++i) {
    if (!static_cast<Future*>(lua_touserdata(L, -1))->retrieved) report_future(L, scheduler_of(L), list + 1);
    lua_settop(L, list);
  }
  return 0;
}

/// A note is collected together with its future. The report itself runs from the loop: a finalizer runs in
/// the middle of other code.
int collect_note(lua_State* L) {
  scheduler_of(L).note_collected();
  if (lua_getiuservalue(L, 1, 1) != LUA_TUSERDATA) return 0;
  if (static_cast<Future*>(lua_touserdata(L, -1))->retrieved) return 0;
  Scheduler& scheduler = scheduler_of(L);
  if (scheduler.closed()) return 0;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kDropped) != LUA_TTABLE) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kDropped);
    lua_replace(L, 3);
    lua_pushcfunction(L, report_dropped);
    call_soon(L, scheduler, new_handle(L, 0));
    lua_pop(L, 1);
  }
  lua_pushvalue(L, 2);
  lua_rawseti(L, 3, static_cast<lua_Integer>(lua_rawlen(L, 3)) + 1);
  return 0;
}

void push_notes(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kNotes) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kNotes);
}

/// Runs the finalizers of the notes that the collector has taken from the list at `index`, and not come to yet.
void collect_dying(lua_State* L, int index, std::uint64_t notes) {
  std::uint64_t alive = 0;
  lua_pushnil(L);
  for (; lua_next(L, index) != 0; lua_pop(L, 1)) ++alive;
  if (alive < notes) lua_gc(L, LUA_GCCOLLECT);
}

void push_note_type(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kNoteType) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, collect_note);
  lua_setfield(L, -2, "__gc");
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kNoteType);
}

}  // namespace

void Scheduler::note_failure(lua_State* L, int index) {
  index = lua_absindex(L, index);
  push_notes(L);
  lua_newuserdatauv(L, 0, 1);
  lua_pushvalue(L, index);
  lua_setiuservalue(L, -2, 1);
  push_note_type(L);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawseti(L, -3, static_cast<lua_Integer>(++failures_));
  set_extra(L, index, "note");
  lua_pop(L, 1);
}

void Scheduler::report_unretrieved(lua_State* L, std::uint64_t after) {
  const int top = lua_gettop(L);
  push_notes(L);
  collect_dying(L, top + 1, failures_ - notes_collected_);
  report_dropped(L);
  lua_settop(L, top + 1);
  for (std::uint64_t number = after + 1; number <= failures_; ++number) {
    if (lua_rawgeti(L, top + 1, static_cast<lua_Integer>(number)) != LUA_TNIL) {
      lua_getiuservalue(L, -1, 1);
      if (!static_cast<Future*>(lua_touserdata(L, -1))->retrieved) report_future(L, *this, lua_gettop(L));
    }
    lua_settop(L, top + 1);
  }
  lua_settop(L, top);
}

void Scheduler::set_exception_handler(lua_State* L) { lua_rawsetp(L, LUA_REGISTRYINDEX, &kHandler); }

void Scheduler::report(lua_State* L) {
  const EssentialMemory essential(memory_);
  const LimitedCall limited(*this);
  const int context = lua_gettop(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kHandler) == LUA_TFUNCTION) {
    lua_pushvalue(L, context);
    memory_.essential = false;
    const int status = lua_pcall(L, 1, 0, 0);
    memory_.essential = true;
    if (status == LUA_OK) return lua_settop(L, context - 1);
    lua_pushliteral(L, "Exception in the exception handler");
    lua_setfield(L, context, "message");
    lua_setfield(L, context, "exception");
  }
  ++reported_;
  if (default_handler_ != nullptr) default_handler_(default_handler_self_, L, context);
  lua_settop(L, context - 1);
}

}  // namespace neap::internal
