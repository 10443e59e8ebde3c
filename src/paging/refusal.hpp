// Reads an error answer to its end.
#pragma once

#include "client_core.hpp"
#include "page_events.hpp"
#include "workspace.hpp"

#include <unipile/failure.hpp>

#include <boost/asio/awaitable.hpp>

namespace unipile::paging {

/// Returns the failure for the answer in `work`, and notifies the observer. Nothing in it contains the key.
boost::asio::awaitable<failure> read_refusal(workspace& work, const client_core& client, const page_events& events);

}  // namespace unipile::paging
