#include <neap/version.hpp>

namespace neap {

const char* version() noexcept { return NEAP_VERSION; }

}  // namespace neap
