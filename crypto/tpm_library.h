// SPDX-License-Identifier: Apache-2.0
//
// The TPM library (tpm2-tss), for tpm.cc alone.
//
// It is loaded when it is first asked for: a vehicle without a TPM pays no memory for it, and one without the library is told so.
// It brings an OpenSSL of its own, beside the one that is linked into our programs.
#pragma once

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include <string>

#include "platform/status.h"

namespace cpis::crypto {

#define CPIS_ESYS_CALLS(X)                                                                                              \
  X(Esys_Initialize) X(Esys_Finalize) X(Esys_Free) X(Esys_CreatePrimary) X(Esys_Create) X(Esys_Load) X(Esys_Unseal)      \
  X(Esys_FlushContext) X(Esys_StartAuthSession) X(Esys_TRSess_SetAttributes) X(Esys_PolicyNV) X(Esys_PolicyPCR)          \
  X(Esys_PolicyGetDigest) X(Esys_NV_DefineSpace) X(Esys_NV_UndefineSpace) X(Esys_NV_Increment) X(Esys_NV_Read)           \
  X(Esys_NV_ReadPublic) X(Esys_TR_FromTPMPublic) X(Esys_TR_GetName) X(Esys_TR_Close) X(Esys_GetCapability) X(Esys_PCR_Read)
#define CPIS_TCTI_CALLS(X) X(Tss2_TctiLdr_Initialize) X(Tss2_TctiLdr_Finalize)
#define CPIS_MU_CALLS(X) X(Tss2_MU_TPM2B_PUBLIC_Marshal) X(Tss2_MU_TPM2B_PUBLIC_Unmarshal)

// The calls that we make, by their own names. Any thread.
struct Tss {
#define CPIS_DECLARE(call) decltype(&::call) call = nullptr;
  CPIS_ESYS_CALLS(CPIS_DECLARE) CPIS_TCTI_CALLS(CPIS_DECLARE) CPIS_MU_CALLS(CPIS_DECLARE)
#undef CPIS_DECLARE
  std::string missing;  // what could not be loaded: then nothing may be called

  static const Tss& Loaded();

  // What the library allocated.
  template <typename T>
  struct Owned {
    T* value = nullptr;
    Owned() = default;
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { Loaded().Esys_Free(value); }
    T** operator&() { return &value; }  // NOLINT: only an out parameter takes it
    T* operator->() const { return value; }
    operator const T*() const { return value; }  // NOLINT: only an in parameter takes it
  };

 private:
  Tss();
};

// The TPM's own code, without the number of the parameter, handle or session that it names.
TSS2_RC BareTpmCode(TSS2_RC code);

// Why the TPM would not do `what`, as in "keep a counter".
platform::Status TpmRefusal(const std::string& what, TSS2_RC code);

}  // namespace cpis::crypto
