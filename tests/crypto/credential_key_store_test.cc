// SPDX-License-Identifier: Apache-2.0
//
// With the real systemd-creds, and a host key of the test's own.
#include "crypto/credential_key_store.h"

#include <catch2/catch.hpp>

#include "tests/crypto/environment.h"
#include "tests/scratch.h"
#include "tests/crypto/swtpm.h"

using namespace cpis::crypto;
using cpis::ScratchDirectory;
using cpis::platform::AsBytes;
using cpis::platform::AsText;
using cpis::platform::ByteView;
using cpis::platform::Bytes;
using cpis::platform::Code;
using cpis::platform::KeyStore;

namespace {

namespace fs = std::filesystem;

struct Host {
  ScratchDirectory directory;
  Environment secret{"SYSTEMD_CREDENTIAL_SECRET", (directory.path() / "host.secret").string()};
  fs::path file = directory.path() / "key-store-credential";

  std::unique_ptr<KeyStore> Store(const std::string& key = "host", const std::string& tcti = "") const {
    auto store = NewCredentialKeyStore({file, key, tcti});
    INFO(store.status().message());
    REQUIRE(store.ok());
    return *std::move(store);
  }
};

std::string Unsealed(KeyStore& store) {
  const auto secret = store.Unseal();
  INFO(secret.status().message());
  REQUIRE(secret.ok());
  return std::string(AsText(*secret));
}

}  // namespace

TEST_CASE("a systemd credential keeps a secret of any bytes, says that the host's key is no hardware, and forgets it") {
  const Host host;
  CHECK(host.Store()->Unseal().status().code() == Code::kNotFound);
  Bytes secret(64);
  for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<uint8_t>(i * 5);
  REQUIRE(host.Store()->Seal(secret).ok());
  CHECK(Unsealed(*host.Store()) == AsText(secret));
  CHECK(host.Store()->Seal(Bytes(65, 7)).code() == Code::kInvalid);
  CHECK_FALSE(host.Store()->HardwareBound());
  CHECK(host.Store()->Worth().find("NOT HARDWARE BOUND") == 0);
  CHECK(fs::status(host.file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  REQUIRE(host.Store()->Forget().ok());
  CHECK(host.Store()->Unseal().status().code() == Code::kNotFound);
  CHECK(host.Store()->Forget().ok());
}

TEST_CASE("a systemd credential opens on its own host only, and says so when it was sealed with a TPM") {
  const Host host;
  const Swtpm tpm(host.directory.path() / "tpm");
  for (const std::string key : {"host", "tpm2", "host+tpm2"}) {
    INFO(key);
    const bool has_tpm = key != "host";
    const std::string tcti = has_tpm ? tpm.tcti() : "";
    REQUIRE(host.Store(key, tcti)->Seal(AsBytes("secret")).ok());
    CHECK(Unsealed(*host.Store(key, tcti)) == "secret");
    CHECK(host.Store("auto", tcti)->HardwareBound() == has_tpm);  // by what is there, not by what was asked for
    if (key != "tpm2") {
      const Environment elsewhere("SYSTEMD_CREDENTIAL_SECRET", (host.directory.path() / "other.secret").string());
      CHECK(host.Store(key, tcti)->Unseal().status().code() == Code::kDenied);
    }
    if (has_tpm) {
      const Swtpm other(host.directory.path() / ("tpm-" + key));
      CHECK(host.Store(key, other.tcti())->Unseal().status().code() == Code::kDenied);
    }
  }
}

TEST_CASE("a changed credential, one of another name, or one with no key at all is refused") {
  const Host host;
  REQUIRE(host.Store()->Seal(AsBytes("secret")).ok());
  const std::string good = host.directory.Read("key-store-credential");
  const auto opens = [&](const std::string& credential) {
    host.directory.Write("key-store-credential", credential);
    return host.Store()->Unseal().ok();
  };
  REQUIRE(opens(good));
  for (size_t at = 0; at + 8 < good.size(); at += 7) {
    std::string changed = good;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    if (opens(changed)) FAIL_CHECK("character " << at);
    if (opens(good.substr(0, at))) FAIL_CHECK("cut to " << at);
  }
  const auto by_hand = [&](const std::string& options) {
    const std::string command = "printf secret | systemd-creds encrypt " + options + " - '" + host.file.string() + "' 2>/dev/null";
    fs::remove(host.file);
    return std::system(command.c_str()) == 0 && host.Store()->Unseal().ok();
  };
  CHECK(by_hand("--with-key=host --name=cpis-edge-device-secret"));
  CHECK_FALSE(by_hand("--with-key=host --name=another"));
}

TEST_CASE("systemd-creds that is missing, or cannot seal here, is refused at once") {
  const Host host;
  const auto missing = NewCredentialKeyStore({host.file, "host", "", "/no/such/systemd-creds"}).status();
  CHECK(missing.code() == Code::kInvalid);
  CHECK(missing.message().find("/no/such/systemd-creds") != std::string::npos);
  CHECK(NewCredentialKeyStore({host.file, "tpm2", "swtpm:host=127.0.0.1,port=1"}).status().code() == Code::kInvalid);
  const Environment unwritable("SYSTEMD_CREDENTIAL_SECRET", "/proc/no/such/place");
  CHECK(NewCredentialKeyStore({host.file, "host"}).status().code() == Code::kInvalid);
}

TEST_CASE("the secret goes to systemd-creds through a pipe, never in its arguments or on the disk") {
  const Host host;
  const fs::path seen = host.directory.path() / "arguments";
  const fs::path spy = host.directory.Write("spy", "#!/bin/sh\nprintf '%s\\n' \"$@\" >> '" + seen.string() + "'\nexec /usr/bin/systemd-creds \"$@\"\n");
  fs::permissions(spy, fs::perms::owner_all);
  const auto store = NewCredentialKeyStore({host.file, "host", "", spy.string()});
  REQUIRE(store.ok());
  REQUIRE((*store)->Seal(AsBytes("a device secret")).ok());
  CHECK(Unsealed(**store) == "a device secret");
  CHECK(host.directory.Read("arguments").find("--name=cpis-edge-device-secret") != std::string::npos);
  for (const auto& entry : fs::recursive_directory_iterator(host.directory.path())) {
    if (entry.is_regular_file()) {
      CHECK(host.directory.Read(fs::relative(entry.path(), host.directory.path()).string()).find("device secret") == std::string::npos);
    }
  }
}
