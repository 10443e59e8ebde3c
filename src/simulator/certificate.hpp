// Makes a CA and a server certificate.
#pragma once

#include <string>
#include <vector>

namespace unipile::simulator {

struct certificates {
    std::string ca;     ///< the CA's certificate, PEM
    std::string chain;  ///< the server's certificate and the CA's, PEM
    std::string key;    ///< the server's private key, PEM
};

/// `hosts`: names and IP addresses. Throws boost::system::system_error.
certificates make_certificates(const std::vector<std::string>& hosts);

}  // namespace unipile::simulator
