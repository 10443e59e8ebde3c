// Calls of user functions.
#pragma once

#include "harvest/harvest_core.hpp"

#include <boost/system/system_error.hpp>

#include <exception>
#include <new>
#include <string>

namespace unipile::harvest {

/// Calls `f`, which calls the user's function of that name. An exception ends the harvest with its text.
template <class F>
void harvest_core::call_out(const char* name, F f)
try {
    f();
} catch (const std::bad_alloc&) {
    throw;
} catch (const std::exception& e) {
    failure::details d;
    d.note = std::string(name) + ": " + e.what();
    stop_for(failure(errc::callback_failed, std::move(d)));
} catch (...) {
    stop_for(failure(errc::callback_failed));
}

}  // namespace unipile::harvest
