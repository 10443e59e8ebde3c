#include "durable/outcome.hpp"

#include <unipile/errc.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <new>
#include <system_error>
#include <utility>

namespace unipile::durable {
namespace {

constexpr std::size_t most_kinds = 64;

failure with(boost::system::error_code code, std::string note)
{
    failure::details d;
    d.may_pass = false;
    d.note = std::move(note);
    return {code, std::move(d)};
}

}  // namespace

void count_kind(std::map<std::string, std::uint64_t>& counts, const std::string& kind)
{
    const bool counted = counts.size() < most_kinds || counts.contains(kind);
    ++counts[counted ? kind : "other kinds"];
}

failure failure_of_function(std::string_view name, const std::exception_ptr& thrown)
{
    const auto words = [name](const char* what) { return std::string(name) + ": " + what; };
    try {
        std::rethrow_exception(thrown);
    } catch (const failure& f) {
        return f;
    } catch (const boost::system::system_error& e) {
        return with(e.code(), words(e.what()));
    } catch (const std::system_error& e) {
        return with(e.code(), words(e.what()));
    } catch (const std::bad_alloc&) {
        return with(make_error_code(boost::system::errc::not_enough_memory), {});
    } catch (const std::exception& e) {
        return with(make_error_code(errc::callback_failed), words(e.what()));
    } catch (...) {
        return with(make_error_code(errc::callback_failed), std::string(name));
    }
}

}  // namespace unipile::durable
