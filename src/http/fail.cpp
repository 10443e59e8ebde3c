#include "fail.hpp"

#include "errc_meaning.hpp"

#include <utility>

namespace unipile::http {
failure make_failure(errc code, std::string note, boost::system::error_code cause, answer_fields fields)
{
    failure::details d = details_of(code);
    d.cause = cause;
    d.note = std::move(note);
    d.fields = std::move(fields);
    return failure(code, std::move(d));
}

void fail(errc code, std::string note, boost::system::error_code cause)
{
    throw make_failure(code, std::move(note), cause);
}

}  // namespace unipile::http
