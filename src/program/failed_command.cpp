#include "program/failed_command.hpp"

#include "program/command.hpp"
#include "program/options/advice.hpp"

#include <unipile/store/error.hpp>

#include <stdexcept>

namespace unipile::program {

failed_command failed_by(const std::exception& e)
{
    if (const auto* json = dynamic_cast<const failure_in_json*>(&e)) return json->failed();
    if (dynamic_cast<const interrupted_command*>(&e) != nullptr) return {exit_code::interrupted, e.what(), false};
    const std::string text = complaint_about(e);
    const auto* store = dynamic_cast<const store::store_error*>(&e);
    if (store != nullptr && is_out_of_reach(store->reason())) return {exit_code::no_database, text, false};
    if (store != nullptr && store->reason() == store::store_errc::in_use) return {exit_code::busy, text, false};
    const bool is_misuse = dynamic_cast<const std::invalid_argument*>(&e) != nullptr;
    return {is_misuse ? exit_code::usage_error : exit_code::some_incomplete, text, false};
}

}  // namespace unipile::program
