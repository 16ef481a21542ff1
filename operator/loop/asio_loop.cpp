#include <utility>  // Boost.Asio 1.74 needs it first under C++20

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <unordered_map>
#include <vector>

#include "loop/asio_loop.hpp"

namespace marea {

namespace {

namespace asio = boost::asio;

std::mt19937_64 SeededByTheSystem() {
  std::random_device device;
  std::array<std::random_device::result_type, 16> entropy;
  std::ranges::generate(entropy, std::ref(device));
  std::seed_seq seed(entropy.begin(), entropy.end());
  return std::mt19937_64(seed);
}

}  // namespace

struct AsioLoop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> stay = asio::make_work_guard(context);
  // After the context, so that they go before it.
  std::unordered_map<TimerId, asio::steady_timer> timers;
  std::vector<std::unique_ptr<asio::signal_set>> signals;
  TimerId next_id = 1;
  std::mt19937_64 random = SeededByTheSystem();
  asio::thread_pool worker{1};

  void WaitForSignal(asio::signal_set& set, const std::function<void(int)>& handler) {
    set.async_wait([this, &set, handler](const boost::system::error_code& error, int number) {
      if (error) return;
      handler(number);
      WaitForSignal(set, handler);
    });
  }
};

AsioLoop::AsioLoop() : impl_(std::make_unique<Impl>()) {}

AsioLoop::~AsioLoop() {
  impl_->worker.stop();  // work that has not begun is dropped, work that has is waited for
  impl_->worker.join();
}

Time AsioLoop::Now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

MonotonicTime AsioLoop::Monotonic() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

std::uint64_t AsioLoop::Random() {
  return impl_->random();
}

void AsioLoop::Post(Task task) {
  asio::post(impl_->context, std::move(task));
}

Loop::TimerId AsioLoop::After(Duration delay, Task task) {
  const TimerId id = impl_->next_id++;
  const auto [timer, _] = impl_->timers.try_emplace(id, impl_->context, std::max(delay, Duration::zero()));
  // The error code is no help: a timer that was already due is called with success after its cancellation
  // too. What counts is whether it is still in the map.
  timer->second.async_wait(
      [impl = impl_.get(), id, task = std::move(task)](const boost::system::error_code&) {
        if (impl->timers.erase(id) == 1) task();
      });
  return id;
}

void AsioLoop::Cancel(TimerId id) {
  impl_->timers.erase(id);
}

void AsioLoop::Compute(Task work, Task done) {
  asio::post(impl_->worker, [impl = impl_.get(), work = std::move(work), done = std::move(done)]() mutable {
    work();
    work = nullptr;  // what it owns goes where it was used
    asio::post(impl->context, std::move(done));
  });
}

void AsioLoop::Run() {
  impl_->context.run();
}

void AsioLoop::Stop() {
  impl_->context.stop();
}

void AsioLoop::OnSignal(std::initializer_list<int> signals, std::function<void(int)> handler) {
  auto set = std::make_unique<asio::signal_set>(impl_->context);
  for (const int number : signals) set->add(number);
  impl_->WaitForSignal(*set, handler);
  impl_->signals.push_back(std::move(set));
}

}  // namespace marea
