// A pull of a harvest that is outstanding: its handler and where that runs.
#pragma once

#include <unipile/harvest.hpp>

#include "paging/pull.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <optional>
#include <utility>
#include <variant>

namespace unipile::harvest {

/// A handler of either kind of pull. Move-constructed only, like what it holds.
class element_pull {
public:
    /// Keeps the handler's executor busy from now on; `fallback` is for handlers without one.
    template <typename Handler>
    element_pull(Handler handler, const boost::asio::any_io_executor& fallback);

    element_pull(element_pull&&) = default;
    element_pull& operator=(element_pull&&) = delete;

    /// Only wants to know that something can be taken.
    bool takes_nothing() const noexcept { return handler_.index() == 1; }
    /// Calls the handler on its executor, at once if that is where this runs.
    void finish(boost::system::error_code code, std::optional<harvest_element> element) &&;
    void fail(boost::system::error_code code) && { std::move(*this).finish(code, std::nullopt); }

private:
    std::variant<next_handler, paging::ready_handler> handler_;
    boost::asio::any_completion_executor executor_;
};

}  // namespace unipile::harvest
