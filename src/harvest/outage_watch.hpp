// Detects outages of the server from a harvest's requests. Pure: time and randomness are inputs.
#pragma once

#include <unipile/pacing.hpp>

#include "splitmix.hpp"

#include <chrono>
#include <cstddef>

namespace unipile::harvest {

/// An outage begins after several requests in a row that were not sent, got no byte of an answer, or got an answer that
/// shows that the server does not work, without another answer between them. During an outage one request at a time, a
/// probe, is sent at growing intervals. The first usable answer to any request ends the outage. A request that was sent
/// may count against its account, so those intervals grow further.
///
/// The outage is hopeless when the last probe within `patience` has failed. As long as the server has never answered,
/// it is hopeless after a few seconds, since the address may be wrong or the network absent. If a probe waits longer
/// than that for its answer, it is the only one.
class outage_watch {
public:
    /// Requests in a row that make an outage, if there are as many accounts.
    static constexpr std::size_t most_needed = 8;
    static constexpr std::chrono::milliseconds first_wait{1'000};
    static constexpr std::chrono::milliseconds longest_wait{60'000};
    static constexpr std::chrono::milliseconds longest_costly_wait{3'600'000};
    /// How long to try a server that has never answered.
    static constexpr std::chrono::milliseconds first_patience{3'000};

    /// `patience` 0: no limit.
    explicit outage_watch(std::chrono::milliseconds patience) noexcept : patience_(patience) {}

    /// The API has answered and works, whatever the answer.
    void answered() noexcept;
    /// The server has sent an answer that does not show that it works.
    void heard() noexcept { known_ = true; }
    /// The result of a request without a usable answer.
    struct nothing {
        bool costly = false;                 ///< it was sent
        std::chrono::milliseconds asked{0};  ///< the wait that the server requires
    };
    /// A request other than the probe got no usable answer. `accounts`: number of accounts with work.
    void no_answer(std::size_t accounts, const nothing& got, wall_time now, random_source& random);
    void probe_begins(wall_time now) noexcept;
    /// During an outage: the probe got no usable answer.
    void probe_failed(const nothing& got, wall_time now, random_source& random);

    /// Forgets everything except that the server has answered.
    void begin_anew() noexcept;

    bool is_cut_off() const noexcept { return cut_off_; }
    wall_time since() const noexcept { return since_; }
    /// During an outage: the earliest time of the next probe.
    wall_time next_probe() const noexcept { return next_probe_; }
    bool is_hopeless() const noexcept { return hopeless_; }
    /// Returns true if the server has ever answered.
    bool was_reached() const noexcept { return known_; }

private:
    void wait(const nothing& got, wall_time now, random_source& random);
    std::chrono::milliseconds patience() const noexcept { return known_ ? patience_ : first_patience; }

    std::chrono::milliseconds patience_;
    std::chrono::milliseconds wait_{0};
    std::size_t in_a_row_ = 0;
    wall_time since_{};
    wall_time next_probe_{};
    bool cut_off_ = false;
    bool hopeless_ = false;
    bool known_ = false;
};

}  // namespace unipile::harvest
