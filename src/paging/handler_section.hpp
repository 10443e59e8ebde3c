// Detects handlers of one client that run at the same time, in builds without NDEBUG.
#pragma once

#include <atomic>
#include <thread>

namespace unipile::paging {

/// Shared by the handlers of one client.
class handler_meeting {
public:
    /// Called on the second thread; the default writes one line and aborts.
    using violation = void (*)();
    static std::atomic<violation>& on_violation() noexcept;

private:
    friend class handler_section;
    std::atomic<std::thread::id> owner_{};
};

/// Exists while a handler runs. Sections of one thread nest. Never held across a suspension.
class handler_section {
public:
#ifdef NDEBUG
    explicit handler_section(handler_meeting*) noexcept {}
#else
    explicit handler_section(handler_meeting* m) noexcept { enter(m); }
    ~handler_section()
    {
        if (meeting_) meeting_->owner_.store({}, std::memory_order_relaxed);
    }
#endif
    handler_section(const handler_section&) = delete;
    handler_section& operator=(const handler_section&) = delete;

private:
#ifndef NDEBUG
    void enter(handler_meeting* m) noexcept;

    handler_meeting* meeting_ = nullptr;
#endif
};

}  // namespace unipile::paging
