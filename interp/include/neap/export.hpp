// Marks what the shared library shows.
#pragma once

#if defined(__GNUC__) || defined(__clang__)
#define NEAP_API __attribute__((visibility("default")))
#else
#define NEAP_API
#endif
