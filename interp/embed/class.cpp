// Classes of C++'s in a state: their metatables, and the objects found by them.
//
// The metatable of a class is in the registry under the address of its TypeTag. It holds, under addresses of this file,
// the ClassInfo (in a userdata that nothing finalizes, since finalizers may use objects until the state is gone) and
// the tables that derived classes copy from.
#include "neap/class.hpp"
#include "interp/embed/call.hpp"
#include "interp/embed/object.hpp"
#include "neap/module.hpp"
#include "runtime/lua/bind.hpp"
#include "runtime/lua/error.hpp"

#include <cxxabi.h>

#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <stdexcept>

namespace neap::detail {

namespace {

using internal::ErrorKind;

/// What a metatable says of its class. Nothing destroys it.
struct ClassInfo {
  struct Base {
    const ClassInfo* info;
    void* (*upcast)(void*);
  };

  const TypeTag* type;
  const Base* bases;  // behind it
  std::size_t base_count;
};

const char kInfo = 0;  // key of a metatable: the ClassInfo
// Keys of a metatable: tables of functions by name.
const char kMethods = 0;
const char kGetters = 0;
const char kSetters = 0;
const char kMetamethods = 0;

constexpr std::array kAllowedMetamethods = {"__add", "__sub",  "__mul",      "__div",   "__mod",  "__pow",
                                            "__unm", "__idiv", "__band",     "__bor",   "__bxor", "__bnot",
                                            "__shl", "__shr",  "__eq",       "__lt",    "__le",   "__concat",
                                            "__len", "__call", "__tostring", "__close", "__pairs"};

// Names, of all interpreters.

struct Names {
  std::mutex mutex;
  std::map<const TypeTag*, std::string> names;
};

Names& names() {
  static auto* const kAll = new Names;  // outlives every static object that may ask
  return *kAll;
}

void set_class_name(const TypeTag& tag, const std::string& name) {
  const std::lock_guard lock(names().mutex);
  names().names[&tag] = name;
}

// Finding objects.

/// The class of the userdata at the index, and where it has its Payload; null for anything else.
const ClassInfo* info_at(lua_State* L, int index, Payload*** slot) {
  void* block = lua_touserdata(L, index);
  if (block == nullptr || lua_getmetatable(L, index) == 0) return nullptr;
  lua_rawgetp(L, -1, &kInfo);
  const auto* info = static_cast<const ClassInfo*>(lua_touserdata(L, -1));
  lua_pop(L, 2);
  *slot = static_cast<Payload**>(block);
  return info;
}

/// The address of the wanted class in an object of the class; null when it is none of its bases.
void* upcast(const ClassInfo& info, void* object, const TypeTag& wanted) {
  if (info.type == &wanted) return object;
  for (const ClassInfo::Base* base = info.bases; base != info.bases + info.base_count; ++base) {
    if (void* found = upcast(*base->info, base->upcast(object), wanted)) return found;
  }
  return nullptr;
}

enum class Finding : unsigned char { found, closed, other };

Finding look_for(const Reader& from, const TypeTag& type, FoundObject& found) noexcept {
  if (from.state() == nullptr || from.index() == 0) return Finding::other;
  lua_State* L = raw(from.state());
  Payload** slot = nullptr;
  const ClassInfo* info = info_at(L, from.index(), &slot);
  if (info == nullptr) return Finding::other;
  found.object = static_cast<Object*>(*slot);
  if (found.object == nullptr || found.object->pointer() == nullptr) return Finding::closed;
  found.pointer = upcast(*info, found.object->pointer(), type);
  return found.pointer != nullptr ? Finding::found : Finding::other;
}

// What scripts call.

/// object:close(), __close.
int close_object(lua_State* L) {
  Payload** slot = nullptr;
  if (info_at(L, 1, &slot) == nullptr) {
    internal::raise(L, ErrorKind::type, "close: self: expected an object, got %s", internal::type_name(L, 1));
  }
  if (*slot == nullptr) return 0;
  if (static_cast<const Object*>(*slot)->pins != 0) {
    internal::raise(L, ErrorKind::runtime, "a %s cannot be closed while one of its functions runs",
                    internal::type_name(L, 1));
  }
  delete std::exchange(*slot, nullptr);
  return 0;
}

int returned(lua_State*, int, lua_KContext) { return 1; }

/// __index of a class with properties or a fallback. Upvalues: methods, getters, fallback.
int index_object(lua_State* L) {
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
      lua_pushvalue(L, 1);
      lua_callk(L, 1, 1, 0, returned);
      return 1;
    }
  }
  lua_settop(L, 2);
  if (lua_isnil(L, lua_upvalueindex(3))) return lua_pushnil(L), 1;
  lua_pushvalue(L, lua_upvalueindex(3));
  lua_insert(L, 1);
  lua_callk(L, 2, 1, 0, returned);
  return 1;
}

int assigned(lua_State*, int, lua_KContext) { return 0; }

/// __newindex. Upvalues: setters, getters, methods, the name.
int assign_object(lua_State* L) {
  lua_settop(L, 3);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_callk(L, 2, 0, 0, assigned);
    return 0;
  }
  const char* name = lua_tostring(L, lua_upvalueindex(4));
  const char* key = luaL_tolstring(L, 2, nullptr);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    internal::raise(L, ErrorKind::type, "the property '%s' of a %s can only be read", key, name);
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(3)) != LUA_TNIL) {
    internal::raise(L, ErrorKind::type, "'%s' of a %s is a method, and cannot be set", key, name);
  }
  internal::raise(L, ErrorKind::type, "a %s has no property '%s'", name, key);
}

/// __eq of a class that has none.
int same_object(lua_State* L) {
  Payload** left = nullptr;
  Payload** right = nullptr;
  bool same = lua_rawequal(L, 1, 2) != 0;
  if (!same && info_at(L, 1, &left) != nullptr && info_at(L, 2, &right) != nullptr && *left != nullptr &&
      *right != nullptr) {
    void* pointer = static_cast<const Object*>(*left)->pointer();
    same = pointer != nullptr && pointer == static_cast<const Object*>(*right)->pointer();
  }
  lua_pushboolean(L, same ? 1 : 0);
  return 1;
}

int constructed(lua_State* L, int, lua_KContext) { return lua_gettop(L); }

/// __call of the class. Upvalue: the constructor.
int call_class(lua_State* L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_replace(L, 1);
  lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, constructed);
  return lua_gettop(L);
}

// Making classes.

/// Several constructors under one name.
class Overloads final : public Callable {
 public:
  Overloads(const std::string& name, std::vector<std::unique_ptr<Callable>> all)
      : Callable(name),
        all_(std::move(all)) {}

  void invoke(Call& call) override {
    for (const bool exactly : {true, false}) {
      for (const auto& callable : all_) {
        if (callable->accepts(call, exactly)) return callable->invoke(call);
      }
    }
    if (all_.size() == 1) return all_.front()->invoke(call);
    std::string types;
    for (int i = 1; i <= call.argument_count(); ++i) types += (i == 1 ? "" : ", ") + call.argument(i).type_name();
    throw ConversionError("none of the " + std::to_string(all_.size()) + " ways to call it takes (" + types + ")");
  }

 private:
  std::vector<std::unique_ptr<Callable>> all_;
};

struct Build {
  const ClassParts* parts;
  std::vector<ClassInfo::Base> bases;
};

/// Adds what the table at `from` has and the one at `to` has not.
void inherit(lua_State* L, int from, int to) {
  for (lua_pushnil(L); lua_next(L, from) != 0;) {
    lua_pushvalue(L, -2);
    if (lua_rawget(L, to) == LUA_TNIL) {
      lua_pushvalue(L, -3);
      lua_pushvalue(L, -3);
      lua_rawset(L, to);
    }
    lua_pop(L, 2);
  }
}

// Indices on the stack of build_class.
enum : int {
  kBuild = 1,
  kMethodTable,
  kGetterTable,
  kSetterTable,
  kMetamethodTable,
  kStatics,
  kConstructor,
  kFallback,
  kMeta
};

constexpr std::array<std::pair<const char*, int>, 4> kInherited{{{&kMethods, kMethodTable},
                                                                 {&kGetters, kGetterTable},
                                                                 {&kSetters, kSetterTable},
                                                                 {&kMetamethods, kMetamethodTable}}};

void set_raw(lua_State* L, int table, const char* name, int value) {
  lua_pushvalue(L, value);
  lua_setfield(L, table, name);
}

void inherit_all(lua_State* L, const Build& build) {
  for (const ClassInfo::Base& base : build.bases) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, base.info->type);
    for (const auto& [key, table] : kInherited) {
      lua_rawgetp(L, -1, key);
      inherit(L, lua_gettop(L), table);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
}

void set_access(lua_State* L, const char* name) {
  lua_pushnil(L);
  const bool plain = lua_next(L, kGetterTable) == 0 && lua_isnil(L, kFallback);
  lua_settop(L, kMeta);
  if (plain) {
    set_raw(L, kMeta, "__index", kMethodTable);
  } else {
    lua_pushvalue(L, kMethodTable);
    lua_pushvalue(L, kGetterTable);
    lua_pushvalue(L, kFallback);
    lua_pushcclosure(L, index_object, 3);
    lua_setfield(L, kMeta, "__index");
  }
  lua_pushvalue(L, kSetterTable);
  lua_pushvalue(L, kGetterTable);
  lua_pushvalue(L, kMethodTable);
  lua_pushstring(L, name);
  lua_pushcclosure(L, assign_object, 4);
  lua_setfield(L, kMeta, "__newindex");
}

void set_identity(lua_State* L, const char* name) {
  lua_pushstring(L, name);
  lua_setfield(L, kMeta, "__name");
  lua_pushstring(L, name);
  lua_setfield(L, kMeta, "__metatable");
  lua_pushcfunction(L, collect_payload);
  lua_setfield(L, kMeta, "__gc");
  lua_pushcfunction(L, same_object);
  lua_setfield(L, kMeta, "__eq");
  for (const auto& [key, table] : kInherited) {
    lua_pushvalue(L, table);
    lua_rawsetp(L, kMeta, key);
  }
}

void set_info(lua_State* L, const Build& build) {
  const std::size_t count = build.bases.size();
  auto* info = static_cast<ClassInfo*>(lua_newuserdatauv(L, sizeof(ClassInfo) + count * sizeof(ClassInfo::Base), 0));
  auto* bases = reinterpret_cast<ClassInfo::Base*>(info + 1);
  std::uninitialized_copy_n(build.bases.data(), count, bases);
  new (info) ClassInfo{build.parts->type, bases, count};
  lua_rawsetp(L, kMeta, &kInfo);
}

/// The table of the class: its static functions, its methods, and the way to call it.
void finish_class_table(lua_State* L) {
  lua_createtable(L, 0, 3);
  const int meta = lua_gettop(L);
  set_raw(L, meta, "__index", kMethodTable);
  lua_pushliteral(L, "class");
  lua_setfield(L, meta, "__name");
  if (!lua_isnil(L, kConstructor)) {
    set_raw(L, kStatics, "new", kConstructor);
    lua_pushvalue(L, kConstructor);
    lua_pushcclosure(L, call_class, 1);
    lua_setfield(L, meta, "__call");
  }
  lua_setmetatable(L, kStatics);
}

/// Arguments: the Build; the tables of methods, getters, setters, metamethods and static functions; constructor,
/// fallback (or nil). Result: the class's table.
int build_class(lua_State* L) {
  const auto& build = *static_cast<const Build*>(lua_touserdata(L, kBuild));
  lua_createtable(L, 0, 12);
  const char* name = build.parts->name.c_str();
  if (build.parts->closable) {
    lua_pushcfunction(L, close_object);
    lua_pushvalue(L, -1);
    lua_setfield(L, kMethodTable, "close");
    lua_setfield(L, kMetamethodTable, "__close");
  }
  inherit_all(L, build);
  set_access(L, name);
  set_identity(L, name);
  set_info(L, build);
  for (lua_pushnil(L); lua_next(L, kMetamethodTable) != 0;) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, kMeta);
  }
  finish_class_table(L);
  lua_pushvalue(L, kMeta);
  lua_rawsetp(L, LUA_REGISTRYINDEX, build.parts->type);
  lua_pushvalue(L, kStatics);
  return 1;
}

void write_functions(Writer& writer, std::vector<NamedCallable>& functions) {
  // Of two with one name the last one counts, as in any table.
  writer.map(functions.size());
  for (auto& [name, callable] : functions) {
    writer.string(name);
    writer.callable(std::move(callable));
  }
}

void write_function(Writer& writer, std::unique_ptr<Callable> callable) {
  callable != nullptr ? writer.callable(std::move(callable)) : writer.nil();
}

void check_metamethods(const ClassParts& parts) {
  for (const auto& [name, callable] : parts.metamethods) {
    bool allowed = false;
    for (const char* known : kAllowedMetamethods) allowed = allowed || name == known;
    if (!allowed) throw std::logic_error("the class " + parts.name + " cannot have a metamethod '" + name + "'");
  }
}

std::vector<ClassInfo::Base> find_bases(lua_State* L, const ClassParts& parts) {
  const bool again = lua_rawgetp(L, LUA_REGISTRYINDEX, parts.type) != LUA_TNIL;
  lua_pop(L, 1);
  if (again) throw std::logic_error("the class " + parts.name + " has been added to this interpreter already");
  std::vector<ClassInfo::Base> bases;
  for (const ClassParts::Base& base : parts.bases) {
    const ClassInfo* known = nullptr;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, base.type) == LUA_TTABLE) {
      lua_rawgetp(L, -1, &kInfo);
      known = static_cast<const ClassInfo*>(lua_touserdata(L, -1));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (known == nullptr) {
      throw std::logic_error("the class " + parts.name + " derives from " + class_name(*base.type) +
                             ", which has not been added to this interpreter");
    }
    bases.push_back({known, base.upcast});
  }
  return bases;
}

/// Sets the module. Arguments: nothing, its table, its name.
int set_module(lua_State* L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 2);
  lua_settable(L, -3);
  return 0;
}

}  // namespace

std::string class_name(const TypeTag& tag) {
  {
    const std::lock_guard lock(names().mutex);
    if (const auto found = names().names.find(&tag); found != names().names.end()) return found->second;
  }
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(tag.type->name(), nullptr, nullptr, &status),
                                                    std::free);
  return name != nullptr ? name.get() : tag.type->name();
}

FoundObject find_object(const Reader& from, const TypeTag& type) {
  FoundObject found;
  switch (look_for(from, type, found)) {
    case Finding::found: return found;
    case Finding::closed: from.fail_with("the " + from.type_name() + " is closed");
    case Finding::other: break;
  }
  from.fail(class_name(type));
}

bool is_object(const Reader& from, const TypeTag& type) noexcept {
  FoundObject found;
  return look_for(from, type, found) == Finding::found;
}

void deliver_reference(Call& call, std::unique_ptr<Object> object) {
  const Reader self = call.argument(1);
  FoundObject found;
  if (look_for(self, object->type(), found) == Finding::found && found.pointer == object->pointer()) {
    return call.results().value(self.value());
  }
  call.results().object(std::move(object));
}

std::shared_ptr<void> share_object(const Reader& from, const FoundObject& found) {
  std::shared_ptr<void> owner = found.object->share();
  if (owner == nullptr)
    from.fail_with("expected a shared " + from.type_name() + ", got one that is not shared with C++");
  return owner;
}

void release_object(const Reader& from, const FoundObject& found, const TypeTag& type) {
  if (!found.object->releasable() || &found.object->type() != &type) {
    from.fail_with("expected a " + class_name(type) + " that Lua may give away, got a " + from.type_name() +
                   " that is owned otherwise");
  }
  if (found.object->pins != 0) from.fail_with("the " + from.type_name() + " is in use by a function that runs");
  found.object->release();
  delete std::exchange(*static_cast<Payload**>(lua_touserdata(raw(from.state()), from.index())), nullptr);
}

void push_object(lua_State* L, std::unique_ptr<Payload>& payload) {
  const auto& object = static_cast<const Object&>(*payload);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &object.type()) != LUA_TTABLE) {
    lua_pop(L, 1);
    push_class_name(L, object.type());
    internal::raise(L, ErrorKind::type, "the class %s has not been added to this interpreter", lua_tostring(L, -1));
  }
  auto** slot = new_slot(L);
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  *slot = payload.release();
}

void push_class_name(lua_State* L, const TypeTag& type) {
  char text[200];
  std::snprintf(text, sizeof text, "%s", class_name(type).c_str());
  lua_pushstring(L, text);
}

Table add_class(Host& host, ClassParts parts) {
  host.check("adding a class");
  check_metamethods(parts);
  lua_State* L = host.running();
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  Build build{&parts, find_bases(L, parts)};
  set_class_name(*parts.type, parts.name);
  Writer writer;
  for (auto* functions : {&parts.methods, &parts.getters, &parts.setters, &parts.metamethods, &parts.statics}) {
    write_functions(writer, *functions);
  }
  std::unique_ptr<Callable> constructor;
  if (!parts.constructors.empty()) constructor = std::make_unique<Overloads>(parts.name, std::move(parts.constructors));
  write_function(writer, std::move(constructor));
  write_function(writer, std::move(parts.fallback));
  const int count = push(L, writer);
  run_protected(L, build_class, &build, count, 1);
  return Table(pop_value(L));
}

Table add_module(Host& host, ModuleParts&& parts) {
  Writer writer;
  writer.map(0);
  Table module{to_value(host, writer)};
  for (auto& [name, member] : parts.members) {
    if (auto* type = std::get_if<ClassParts>(&member)) {
      module.set(name, add_class(host, std::move(*type)));
    } else {
      module.set(name, to_value(host, std::get<Writer>(member)));
    }
  }
  writer.clear();
  writer.value(module);
  writer.string(parts.name);
  lua_State* L = host.running();
  if (lua_checkstack(L, LUA_MINSTACK) == 0) throw std::bad_alloc();
  const int count = push(L, writer);
  run_protected(L, set_module, nullptr, count, 0);
  return module;
}

}  // namespace neap::detail
