/// NEAP_API marks what a shared libneap shows. Everything else in it is hidden: the library is built with
/// -fvisibility=hidden. A class that is thrown, or caught, or has virtual functions is marked as a whole; a template
/// and an inline function need no mark.
#pragma once

#if defined(__GNUC__)
#define NEAP_API __attribute__((visibility("default")))
#else
#define NEAP_API
#endif
