#include <unipile/errc.hpp>
#include <unipile/harvest_job.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <new>
#include <utility>

namespace unipile::detail {

boost::system::error_code code_of(std::exception_ptr error) noexcept
{
    if (!error) return {};
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        return e.code();
    } catch (const std::system_error& e) {
        return e.code();
    } catch (const std::bad_alloc&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(errc::job_source_failed);
    }
}

void function_source::async_pull(job_request request, handler done)
{
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    std::vector<harvest_job> jobs;
    jobs.reserve(request.count);
    try {
        for (harvest_job job; jobs.size() < request.count && next_(job); job = {}) jobs.push_back(std::move(job));
    } catch (...) {
        if (jobs.empty()) throw;
        thrown_ = std::current_exception();
    }
    std::move(done)(boost::system::error_code(), std::move(jobs));
}

}  // namespace unipile::detail
