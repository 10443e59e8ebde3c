// The contract of a page and of an error body, checked on a JSON document.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace contract {

/// What is wrong with a page, or an empty text. Fields that the contract doesn't know are wrong here.
std::string page_fault(const boost::json::value& page);
/// What is wrong with an error answer of this status.
std::string error_fault(const boost::json::value& body, unsigned status);

}  // namespace contract
