// Which thread of a harvest is in charge of which account.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace unipile::program {

/// Each account belongs to one worker, which keeps its ledger; the accounts are spread evenly. Any thread.
class account_shares {
public:
    explicit account_shares(std::size_t workers) : load_(workers, 0) {}

    /// Whether the account is that worker's, which is still at work. An account that nobody has yet falls to whoever
    /// has the fewest.
    bool is_of(std::size_t worker, std::string_view account);
    /// The worker takes no more accounts. Those that it had stay its own.
    void leave(std::size_t worker);

private:
    static constexpr std::size_t gone = static_cast<std::size_t>(-1);

    std::mutex mutex_;
    std::vector<std::size_t> load_;  ///< accounts of each worker; `gone`: it has left
    std::unordered_map<std::string, std::size_t> owners_;
};

}  // namespace unipile::program
