#include "statement_rules.hpp"

#include <cctype>
#include <map>
#include <regex>
#include <sstream>
#include <utility>

namespace unipile::store::postgres::test {

namespace {

// Without literals and comments, in upper case, with single spaces.
std::string plain(const std::string& statement)
{
    static const std::regex noise(R"('(?:[^']|'')*'|--[^\n]*|/\*[^*]*\*/)"), space(R"(\s+)");
    std::string text = std::regex_replace(statement, noise, "''");
    text = std::regex_replace(text, space, " ");
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (text.starts_with(' ')) text.erase(0, 1);
    return text;
}

struct rule {
    const char* pattern;
    const char* why;
};

constexpr rule rules[] = {
    {R"(\bSKIP LOCKED\b)", "SKIP LOCKED misses rows, or takes a round trip for each, on some servers"},
    {R"(\bPG_(TRY_)?ADVISORY)", "advisory locks belong to a session or a node"},
    {R"(^(LISTEN|NOTIFY|UNLISTEN)\b|\bPG_NOTIFY\b)", "notifications belong to a session"},
    {R"(\bUNLOGGED\b)", "UNLOGGED is ignored, or loses rows"},
    // Views read the text and keep nothing.
    {R"(^(?!CREATE OR REPLACE VIEW )[^]*\bJSONB?\b)", "JSON does not keep the exact text"},
    {R"(\b(BIG|SMALL)?SERIAL\b|\bSEQUENCE\b|\bNEXTVAL\b|\bGENERATED\b.*\bIDENTITY\b)",
     "sequences have gaps and are slow"},
    {R"(\bNOW ?\(|\bCURRENT_(TIMESTAMP|TIME|DATE)\b|\bLOCALTIME|\b(TRANSACTION|STATEMENT)_TIMESTAMP\b)",
     "the time of a transaction is that of its beginning: clock_timestamp()"},
    {R"(\bCTID\b|\bX(MIN|MAX)\b|\bTXID_|\bPG_(CURRENT_)?XACT)", "rows and transactions have other numbers elsewhere"},
    {R"(\bWITH\b.*\bAS (NOT )?(MATERIALIZED )?\( ?(INSERT|UPDATE|DELETE)\b)", "a WITH that changes data"},
    {R"(^SET (?!LOCAL\b))", "SET changes the session, which a pooler gives to others"},
    {R"(^(PREPARE|EXECUTE|DEALLOCATE|DISCARD|LOAD|DECLARE|FETCH)\b)", "the state of a session"},
    {R"(\bTEMP(ORARY)? (TABLE|VIEW)\b|\bPG_TEMP\b)", "temporary tables belong to a session"},
    {R"(^LOCK\b)", "table locks do not exist on some servers"},
    {R"(\bNOWAIT\b)", "NOWAIT fails where others wait"},
    {R"(/)", "the division of integers gives fractions on some servers"},
    {R"(^SAVEPOINT\b)", "savepoints cost a transaction number each"},
};

// What is known of a statement by itself.
struct reading {
    explicit reading(const std::string& statement) : text(plain(statement))
    {
        static const std::vector<std::pair<std::regex, const char*>> all = [] {
            std::vector<std::pair<std::regex, const char*>> compiled;
            for (const rule& r : rules) compiled.emplace_back(std::regex(r.pattern), r.why);
            return compiled;
        }();
        static const std::regex writing(
            R"(^(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|ALTER|DROP|COPY)\b|\bFOR (NO KEY )?(UPDATE|SHARE)\b)");
        for (const auto& [pattern, why] : all)
            if (std::regex_search(text, pattern)) forbidden.emplace_back(why);
        writes = std::regex_search(text, writing);
    }

    std::string text;
    std::vector<std::string> forbidden;
    bool writes = false;
};

// Most statements come again and again.
const reading& read(const std::string& statement)
{
    static std::map<std::string, reading> known;
    const auto at = known.find(statement);
    return at != known.end() ? at->second : known.emplace(statement, reading(statement)).first->second;
}

}  // namespace

std::vector<std::string> forbidden_in(const std::string& statement) { return read(statement).forbidden; }

std::vector<std::string> session_rules::faults_of(const std::string& statement)
{
    const auto& [text, forbidden, writes] = read(statement);
    std::vector<std::string> found = forbidden;
    if (text.starts_with("BEGIN") || text.starts_with("START TRANSACTION")) {
        *this = {};
        begun_ = true;
        writable_ = text == "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
        if (!writable_ && text != "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            found.emplace_back("a transaction whose isolation level is the default of the server or the role");
    }
    if (text.starts_with("COMMIT") || text.starts_with("ROLLBACK")) *this = {};
    if (text.starts_with("SET LOCAL IDLE_IN_TRANSACTION_SESSION_TIMEOUT")) limits_idle_ = true;
    if (text.starts_with("SET LOCAL STATEMENT_TIMEOUT")) limits_statements_ = true;
    if (!writes) return found;
    if (!begun_)
        found.emplace_back("a write outside of a transaction");
    else if (!writable_)
        found.emplace_back("a write in a transaction for reading");
    else if (!limits_idle_ || !limits_statements_)
        found.emplace_back("a write before the limits of its transaction are set");
    return found;
}

std::vector<std::vector<std::string>> statements_in(const std::string& log, const std::string& application)
{
    // A line that begins with no prefix continues the one before.
    static const std::regex head(R"(^(\S*) (\d+)\|LOG:  (?:statement|execute [^:]*): )"), prefix(R"(^\S* \d*\|)");
    std::map<std::string, std::vector<std::string>> sessions;
    std::istringstream in(log);
    std::string line, entry;
    const auto note = [&] {
        std::smatch part;
        if (std::regex_search(entry, part, head) && part[1] == application) sessions[part[2]].push_back(part.suffix());
        entry.clear();
    };
    while (std::getline(in, line)) {
        if (std::regex_search(line, prefix)) note();
        entry += (entry.empty() ? "" : "\n") + line;
    }
    note();
    std::vector<std::vector<std::string>> all;
    for (auto& [number, statements] : sessions) all.push_back(std::move(statements));
    return all;
}

}  // namespace unipile::store::postgres::test
