// Does not compile, and the compiler says what is missing.
#include <unipile/client.hpp>

#include <vector>

void harvest(unipile::client& client, const std::vector<unipile::posts_query>& jobs) { (void)client.harvest(jobs); }
