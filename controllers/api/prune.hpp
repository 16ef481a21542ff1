// What of the objects that there are many of nobody here reads is dropped before they are kept: labels,
// other people's annotations (kubectl's copy of the whole object among them), conditions and volumes that no
// decision asks about. What is added to a decision is added here: prune_test holds what must stay.
#pragma once

#include "controllers/api/kinds.hpp"
#include "kube/storage.hpp"

namespace marea::api {

void Prune(Session& session);
void Prune(kube::Pod& pod);
void Prune(kube::PersistentVolumeClaim& claim);
void Prune(kube::PersistentVolume& volume);
void Prune(kube::Service& service);
void Prune(kube::Event& event);
void Prune(kube::Ingress& ingress);
void Prune(kube::HttpRoute& route);

// Of the others there are few, or their labels are read: nodes, namespaces, classes.
template <class T>
void Prune(T&) {}

}  // namespace marea::api
