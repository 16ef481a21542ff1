// Every kind that Marea reads, chosen by a byte of the input.
#pragma once

#include <cstdint>
#include <type_traits>

#include "controllers/api/kinds.hpp"
#include "kube/codec.hpp"
#include "kube/storage.hpp"
#include "kube/types.hpp"

namespace marea::fuzz {

// Calls `visit` with std::type_identity of the kind that `choice` stands for: '0' a Pod, '1' a Session, ….
template <class Visit>
void ForKind(std::uint8_t choice, Visit visit) {
  switch ((choice - '0') & 15) {
    case 1:
      return visit(std::type_identity<api::Session>());
    case 2:
      return visit(std::type_identity<kube::Node>());
    case 3:
      return visit(std::type_identity<kube::PersistentVolumeClaim>());
    case 4:
      return visit(std::type_identity<api::SessionClass>());
    case 5:
      return visit(std::type_identity<api::AcceleratorClass>());
    case 6:
      return visit(std::type_identity<kube::Service>());
    case 7:
      return visit(std::type_identity<kube::Namespace>());
    case 8:
      return visit(std::type_identity<kube::StorageClass>());
    case 9:
      return visit(std::type_identity<kube::PersistentVolume>());
    case 10:
      return visit(std::type_identity<kube::Event>());
    case 11:
      return visit(std::type_identity<api::Project>());
    default:
      return visit(std::type_identity<kube::Pod>());
  }
}

}  // namespace marea::fuzz
