#include "stdlib/permissions/sandbox.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace neap::internal {

namespace {

constexpr std::size_t kMostAddresses = 4096;  // that are remembered; then all are forgotten, and names looked up again

}  // namespace

std::shared_ptr<const Grants> Permissions::granted() const {
  const std::lock_guard lock(mutex_);
  return granted_;
}

bool Permissions::allows(Permission kind, std::string_view value) const {
  for (const Permissions* each = this; each != nullptr; each = each->above_.get()) {
    if (!grants_value(each->granted()->of(kind), kind, value)) return false;
  }
  return true;
}

bool Permissions::allows_all(Permission kind) const {
  for (const Permissions* each = this; each != nullptr; each = each->above_.get()) {
    if (!each->granted()->of(kind).all) return false;
  }
  return true;
}

bool Permissions::allows_some(Permission kind) const { return !effective().of(kind).none(); }

void Permissions::learn(const std::string& address, const std::string& host) const {
  const std::lock_guard lock(mutex_);
  if (hosts_.size() >= kMostAddresses) hosts_.clear();
  hosts_[address].insert(host);
}

bool Permissions::allows_address(const std::string& address, int port) const {
  std::vector<std::string> names{address};
  {
    const std::lock_guard lock(mutex_);
    const auto known = hosts_.find(address);
    if (known != hosts_.end()) names.insert(names.end(), known->second.begin(), known->second.end());
  }
  for (const Permissions* each = this; each != nullptr; each = each->above_.get()) {
    const std::shared_ptr<const Grants> granted = each->granted();
    const Grant& net = granted->of(Permission::net);
    const bool allowed = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return grants_value(net, Permission::net, net_value(name, port));
    });
    if (!allowed) return false;
  }
  return true;
}

bool Permissions::allows_name(std::string_view host) const {
  for (const Permissions* each = this; each != nullptr; each = each->above_.get()) {
    if (!grants_host(each->granted()->of(Permission::net), host)) return false;
  }
  return true;
}

void Permissions::narrow(const Grants& wanted) {
  const std::lock_guard lock(mutex_);
  granted_ = std::make_shared<const Grants>(common_part(*granted_, wanted));
}

Grants Permissions::effective() const {
  Grants result = *granted();
  for (const Permissions* each = above_.get(); each != nullptr; each = each->above_.get()) {
    result = common_part(result, *each->granted());
  }
  return result;
}

}  // namespace neap::internal
