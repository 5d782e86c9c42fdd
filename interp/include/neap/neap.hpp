// The whole of neap for C++, but for neap/lua.hpp.
#pragma once

#include "neap/async.hpp"
#include "neap/class.hpp"
#include "neap/completion.hpp"
#include "neap/convert.hpp"
#include "neap/error.hpp"
#include "neap/function.hpp"
#include "neap/interpreter.hpp"
#include "neap/isolate.hpp"
#include "neap/module.hpp"
#include "neap/options.hpp"
#include "neap/remote.hpp"
#include "neap/task.hpp"
#include "neap/value.hpp"
#include "neap/version.hpp"
