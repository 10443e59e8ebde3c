// All headers of durable stores that do not include Asio; see also store/async.hpp and store/harvester.hpp.
#pragma once

#include <unipile/store/account_rows.hpp>
#include <unipile/store/engine.hpp>
#include <unipile/store/error.hpp>
#include <unipile/store/fingerprint.hpp>
#include <unipile/store/operations.hpp>
#include <unipile/store/post_reader.hpp>
#include <unipile/store/records.hpp>
#include <unipile/store/sqlite.hpp>
#include <unipile/store/timeline.hpp>
#include <unipile/store/writer.hpp>
