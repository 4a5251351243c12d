// SPDX-License-Identifier: Apache-2.0
#include "crypto/tpm_library.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace cpis::crypto {
namespace {

// Calls are found one by one; the last that is missing is named.
class Shelf {
 public:
  Shelf(const char* file, std::string& missing) : library_(dlopen(file, RTLD_NOW | RTLD_LOCAL)), missing_(missing) {
    if (library_ == nullptr) missing_ = file;
  }
  template <typename Call>
  void Find(const char* name, Call*& call) {
    if (library_ == nullptr) return;
    call = reinterpret_cast<Call*>(dlsym(library_, name));
    if (call == nullptr) missing_ = name;
  }

 private:
  void* library_;  // stays loaded
  std::string& missing_;
};

}  // namespace

Tss::Tss() {
  setenv("TSS2_LOG", "all+none", 0);  // or it writes on our standard error
  Shelf esys("libtss2-esys.so.0", missing);
  Shelf tcti("libtss2-tctildr.so.0", missing);
  Shelf mu("libtss2-mu.so.0", missing);
#define CPIS_FIND(call) esys.Find(#call, call);
  CPIS_ESYS_CALLS(CPIS_FIND)
#undef CPIS_FIND
#define CPIS_FIND(call) tcti.Find(#call, call);
  CPIS_TCTI_CALLS(CPIS_FIND)
#undef CPIS_FIND
#define CPIS_FIND(call) mu.Find(#call, call);
  CPIS_MU_CALLS(CPIS_FIND)
#undef CPIS_FIND
}

const Tss& Tss::Loaded() {
  static const Tss tss;
  return tss;
}

TSS2_RC BareTpmCode(TSS2_RC code) {
  if ((code & TSS2_RC_LAYER_MASK) != 0) return code;
  return (code & TPM2_RC_FMT1) != 0 ? code & 0xBF : code & 0x97F;
}

platform::Status TpmRefusal(const std::string& what, TSS2_RC code) {
  switch (BareTpmCode(code)) {
    case TPM2_RC_NV_SPACE:
    case TPM2_RC_OBJECT_MEMORY:
    case TPM2_RC_SESSION_MEMORY:
      return platform::Exhausted("the TPM has no room to " + what + " (tpm2_getcap handles-nv-index lists what fills it)");
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_BAD_AUTH:
      return platform::Denied("the TPM will not " + what + ": its owner hierarchy has a password (it must have none)");
    case TPM2_RC_HIERARCHY:
      return platform::Denied("the TPM will not " + what + ": its owner hierarchy is disabled (enable it in the firmware)");
    case TPM2_RC_LOCKOUT:
      return platform::Denied("the TPM will not " + what + ": it is locked out (tpm2_dictionarylockout --clear-lockout)");
    case TPM2_RC_POLICY:
      return platform::Denied("its counter stands elsewhere: this is an older copy, or it was forgotten");
    case TPM2_RC_INTEGRITY:
      return platform::Denied("another TPM made it, or this one was cleared since");
    case TPM2_RC_NV_RATE:
    case TPM2_RC_RETRY:
      return platform::Unavailable("the TPM is too busy to " + what);
    default: break;
  }
  if ((code & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER) return platform::Unavailable("the TPM does not answer");
  char number[16];
  std::snprintf(number, sizeof number, "0x%08x", code);
  return platform::Internal("the TPM could not " + what + " (code " + number + ")");
}

}  // namespace cpis::crypto
