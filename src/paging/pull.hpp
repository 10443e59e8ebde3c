// A pull that is outstanding: its handler and where that runs.
#pragma once

#include <unipile/post_stream.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <optional>
#include <span>
#include <utility>
#include <variant>

namespace unipile::paging {

/// Wants to know that something can be taken, and takes it itself. Beneath `post_stream::next`.
using ready_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

/// What a pull ends with.
struct pull_result {
    boost::system::error_code code;
    std::optional<post> one;
    std::span<const post> all;
};

/// A handler of any kind of pull. Move-constructed only, like what it holds.
class pull {
public:
    enum class kind { next, batch, ready };

    /// Keeps the handler's executor busy from now on; `fallback` is for handlers without one.
    template <typename Handler>
    pull(Handler handler, const boost::asio::any_io_executor& fallback);

    pull(pull&&) = default;
    pull& operator=(pull&&) = delete;

    kind what() const noexcept { return static_cast<kind>(handler_.index()); }
    /// Calls the handler on its executor, at once if that is where this runs.
    void finish(pull_result result) &&;
    void fail(boost::system::error_code code) && { std::move(*this).finish({.code = code, .one = {}, .all = {}}); }

private:
    std::variant<next_handler, batch_handler, ready_handler> handler_;
    boost::asio::any_completion_executor executor_;
};

}  // namespace unipile::paging
