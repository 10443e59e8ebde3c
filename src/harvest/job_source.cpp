#include <unipile/errc.hpp>
#include <unipile/harvest_job.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <new>

namespace unipile::harvest {

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
    std::vector<harvest_job> jobs;
    boost::system::error_code code;
    try {
        jobs.reserve(request.count);
        for (harvest_job job; jobs.size() < request.count && next_(job); job = {}) jobs.push_back(std::move(job));
    } catch (...) {
        code = code_of(std::current_exception());
    }
    std::move(done)(code, std::move(jobs));
}

}  // namespace unipile::harvest
