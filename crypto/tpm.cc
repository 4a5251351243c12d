// SPDX-License-Identifier: Apache-2.0
#include "crypto/tpm.h"

#include <sodium.h>

#include <algorithm>

#include "crypto/tpm_library.h"

namespace cpis::crypto {
namespace {

constexpr size_t kMaxSecretBytes = 64;

template <typename Buffer>
void Fill(Buffer& to, ByteView from) {
  to.size = static_cast<UINT16>(from.size());
  std::copy(from.begin(), from.end(), to.buffer);
}

TPML_PCR_SELECTION Selection(uint32_t pcrs) {
  TPML_PCR_SELECTION selection{};
  if (pcrs == 0) return selection;
  selection.count = 1;
  selection.pcrSelections[0].hash = TPM2_ALG_SHA256;
  selection.pcrSelections[0].sizeofSelect = 3;
  for (int i = 0; i < 3; ++i) selection.pcrSelections[0].pcrSelect[i] = static_cast<BYTE>(pcrs >> (8 * i));
  return selection;
}

constexpr TPMT_SYM_DEF kBusCipher{TPM2_ALG_AES, {128}, {TPM2_ALG_CFB}};

// The storage key of the TCG's template for ECC P-256, except that nothing counts against the lock-out.
TPM2B_PUBLIC ParentTemplate() {
  TPM2B_PUBLIC key{};
  key.publicArea.type = TPM2_ALG_ECC;
  key.publicArea.nameAlg = TPM2_ALG_SHA256;
  key.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  TPMS_ECC_PARMS& ecc = key.publicArea.parameters.eccDetail;
  ecc.symmetric = {TPM2_ALG_AES, {128}, {TPM2_ALG_CFB}};
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return key;
}

constexpr TPMA_NV kCounterAttributes = (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE |
                                       TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE | TPMA_NV_NO_DA;

Status NoSuchCounter() { return platform::NotFound("the TPM has no such counter"); }

class EsysTpm final : public Tpm {
 public:
  ~EsysTpm() override {
    for (ESYS_TR* handle : {&session_, &parent_}) Flush(*handle);
    if (esys_ != nullptr) tss_.Esys_Finalize(&esys_);
    if (tcti_ != nullptr) tss_.Tss2_TctiLdr_Finalize(&tcti_);
  }

  Status Start(const std::string& tcti) {
    if (!tss_.missing.empty()) {
      return platform::Invalid("the TPM library is not installed: no \"" + tss_.missing + "\" (install libtss2-dev)");
    }
    if (tss_.Tss2_TctiLdr_Initialize(tcti.c_str(), &tcti_) != TSS2_RC_SUCCESS ||
        tss_.Esys_Initialize(&esys_, tcti_, nullptr) != TSS2_RC_SUCCESS) {
      return platform::Invalid("no TPM answers at \"" + tcti + "\" (is it there, and may this user open it?)");
    }
    FlushLeftovers();
    const TPM2B_SENSITIVE_CREATE no_secret{};
    const TPM2B_PUBLIC wanted = ParentTemplate();
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    TSS2_RC code = tss_.Esys_CreatePrimary(esys_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_secret,
                                           &wanted, &no_data, &no_pcrs, &parent_, nullptr, nullptr, nullptr, nullptr);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("make its storage key", code);
    return StartSession(TPM2_SE_HMAC, session_);
  }

  Bytes ParentName() const override { return NameOf(parent_); }

  Status Define(const TpmCounter& counter) override {
    TPM2B_NV_PUBLIC wanted{};
    wanted.nvPublic.nvIndex = counter.index;
    wanted.nvPublic.nameAlg = TPM2_ALG_SHA256;
    wanted.nvPublic.attributes = kCounterAttributes;
    wanted.nvPublic.dataSize = sizeof(uint64_t);
    Fill(wanted.nvPublic.authPolicy, counter.tag);  // no attribute lets a policy act: it is a name
    const TPM2B_AUTH no_password{};
    ESYS_TR made = ESYS_TR_NONE;
    Plainly();
    const TSS2_RC code = tss_.Esys_NV_DefineSpace(esys_, ESYS_TR_RH_OWNER, session_, ESYS_TR_NONE, ESYS_TR_NONE, &no_password,
                                                  &wanted, &made);
    if (BareTpmCode(code) == TPM2_RC_NV_DEFINED) return platform::Denied("another has that place in the TPM");
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("keep a counter", code);
    tss_.Esys_TR_Close(esys_, &made);
    return Status::Ok();
  }

  Result<uint64_t> Increment(const TpmCounter& counter) override {
    {
      CPIS_ASSIGN(const Place place, Find(counter));
      Plainly();
      const TSS2_RC code = tss_.Esys_NV_Increment(esys_, place.handle, place.handle, session_, ESYS_TR_NONE, ESYS_TR_NONE);
      if (code != TSS2_RC_SUCCESS) return TpmRefusal("count", code);
    }
    return Read(counter);
  }

  Result<uint64_t> Read(const TpmCounter& counter) override {
    CPIS_ASSIGN(const Place place, Find(counter));
    if (!place.counted) return platform::NotFound("the TPM's counter was never counted");
    Plainly();
    Tss::Owned<TPM2B_MAX_NV_BUFFER> value;
    const TSS2_RC code = tss_.Esys_NV_Read(esys_, place.handle, place.handle, session_, ESYS_TR_NONE, ESYS_TR_NONE,
                                           sizeof(uint64_t), 0, &value);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("read its counter", code);
    return platform::ByteReader({value->buffer, value->size}).U64();
  }

  Status Undefine(const TpmCounter& counter) override {
    Result<Place> place = Find(counter);
    if (place.status().code() == platform::Code::kNotFound) return Status::Ok();
    if (!place.ok()) return std::move(place).status();
    Plainly();
    const TSS2_RC code =
        tss_.Esys_NV_UndefineSpace(esys_, ESYS_TR_RH_OWNER, place->handle, session_, ESYS_TR_NONE, ESYS_TR_NONE);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("forget its counter", code);
    place->handle = ESYS_TR_NONE;  // went with it
    return Status::Ok();
  }

  Result<Bytes> PcrDigest(uint32_t pcrs) override {
    Bytes digests;
    for (uint32_t left = pcrs; left != 0;) {  // at most 8 fit one answer
      const TPML_PCR_SELECTION selection = Selection(left);
      Tss::Owned<TPML_PCR_SELECTION> given;
      Tss::Owned<TPML_DIGEST> values;
      const TSS2_RC code = tss_.Esys_PCR_Read(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &selection, nullptr, &given,
                                               &values);
      if (code != TSS2_RC_SUCCESS) return TpmRefusal("read its PCRs", code);
      if (values->count == 0 || given->count == 0) return platform::Denied("the TPM keeps no SHA-256 values of these PCRs");
      for (UINT32 i = 0; i < values->count; ++i) {
        digests.insert(digests.end(), values->digests[i].buffer, values->digests[i].buffer + values->digests[i].size);
      }
      for (int i = 0; i < 3; ++i) left &= ~(static_cast<uint32_t>(given->pcrSelections[0].pcrSelect[i]) << (8 * i));
    }
    Bytes digest(crypto_hash_sha256_BYTES);
    crypto_hash_sha256(digest.data(), digests.data(), digests.size());
    return digest;
  }

  Result<TpmObject> Seal(ByteView secret, const TpmCondition& condition) override {
    if (secret.size() > kMaxSecretBytes) return platform::Invalid("a key store keeps at most 64 bytes");
    TPM2B_PUBLIC wanted{};
    wanted.publicArea.type = TPM2_ALG_KEYEDHASH;
    wanted.publicArea.nameAlg = TPM2_ALG_SHA256;
    wanted.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
    wanted.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    CPIS_TRY(PolicyDigest(condition, wanted.publicArea.authPolicy));

    TPM2B_SENSITIVE_CREATE sensitive{};
    Fill(sensitive.sensitive.data, secret);
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    Tss::Owned<TPM2B_PRIVATE> private_area;
    Tss::Owned<TPM2B_PUBLIC> public_area;
    tss_.Esys_TRSess_SetAttributes(esys_, session_, TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT, 0xFF);
    const TSS2_RC code = tss_.Esys_Create(esys_, parent_, session_, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &wanted, &no_data,
                                          &no_pcrs, &private_area, &public_area, nullptr, nullptr, nullptr);
    Wipe({sensitive.sensitive.data.buffer, sizeof sensitive.sensitive.data.buffer});
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("seal", code);
    TpmObject object;
    object.private_area = platform::ToBytes({private_area->buffer, private_area->size});
    object.public_area.resize(sizeof(TPM2B_PUBLIC));
    size_t used = 0;
    tss_.Tss2_MU_TPM2B_PUBLIC_Marshal(public_area, object.public_area.data(), object.public_area.size(), &used);
    object.public_area.resize(used);
    return object;
  }

  Result<Secret> Unseal(const TpmObject& object, const TpmCondition& condition) override {
    TPM2B_PUBLIC public_area{};
    TPM2B_PRIVATE private_area{};
    size_t used = 0;
    if (object.private_area.size() > sizeof private_area.buffer ||
        tss_.Tss2_MU_TPM2B_PUBLIC_Unmarshal(object.public_area.data(), object.public_area.size(), &used, &public_area) !=
            TSS2_RC_SUCCESS ||
        used != object.public_area.size()) {
      return platform::Corrupt("it holds no TPM object");
    }
    Fill(private_area, object.private_area);
    Held policy(*this);
    CPIS_TRY(StartSession(TPM2_SE_POLICY, policy.handle));
    CPIS_TRY(Satisfy(condition, policy.handle));
    Held loaded(*this);
    Plainly();
    TSS2_RC code = tss_.Esys_Load(esys_, parent_, session_, ESYS_TR_NONE, ESYS_TR_NONE, &private_area, &public_area,
                                  &loaded.handle);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("load what was sealed", code);
    tss_.Esys_TRSess_SetAttributes(esys_, policy.handle, TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_ENCRYPT, 0xFF);
    Tss::Owned<TPM2B_SENSITIVE_DATA> opened;
    code = tss_.Esys_Unseal(esys_, loaded.handle, policy.handle, ESYS_TR_NONE, ESYS_TR_NONE, &opened);
    if (BareTpmCode(code) == TPM2_RC_POLICY_FAIL) return TpmRefusal("open it", TPM2_RC_POLICY);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("open it", code);
    Secret secret = Secret::Copy({opened->buffer, opened->size});
    Wipe({opened.value->buffer, sizeof opened.value->buffer});
    return secret;
  }

 private:
  struct Held {  // a session or an object, given back
    explicit Held(EsysTpm& owner) : tpm(owner) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() { tpm.Flush(handle); }
    EsysTpm& tpm;
    ESYS_TR handle = ESYS_TR_NONE;
  };
  struct Place {  // a counter that is there
    Place(EsysTpm& owner, ESYS_TR where, bool has_count) : tpm(&owner), handle(where), counted(has_count) {}
    Place(Place&& other) noexcept
        : tpm(other.tpm), handle(std::exchange(other.handle, ESYS_TR_NONE)), counted(other.counted) {}
    ~Place() {
      if (handle != ESYS_TR_NONE) tpm->tss_.Esys_TR_Close(tpm->esys_, &handle);
    }
    EsysTpm* tpm;
    ESYS_TR handle;
    bool counted;
  };

  void Flush(ESYS_TR& handle) {
    if (handle != ESYS_TR_NONE && esys_ != nullptr) tss_.Esys_FlushContext(esys_, handle);
    handle = ESYS_TR_NONE;
  }

  // What a process left that was killed here. A resource manager shows us only our own, which is nothing yet; and without one
  // nobody else is connected.
  void FlushLeftovers() {
    for (const UINT32 kind : {TPM2_TRANSIENT_FIRST, TPM2_LOADED_SESSION_FIRST}) {
      Tss::Owned<TPMS_CAPABILITY_DATA> there;
      TPMI_YES_NO more = 0;
      if (tss_.Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, kind, 16, &more, &there) !=
          TSS2_RC_SUCCESS) {
        return;
      }
      for (UINT32 i = 0; i < there->data.handles.count; ++i) {
        ESYS_TR handle = ESYS_TR_NONE;
        if (tss_.Esys_TR_FromTPMPublic(esys_, there->data.handles.handle[i], ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle) ==
            TSS2_RC_SUCCESS) {
          Flush(handle);
        }
      }
    }
  }

  Status StartSession(TPM2_SE kind, ESYS_TR& session) {
    const TSS2_RC code = tss_.Esys_StartAuthSession(esys_, parent_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                                                    kind, &kBusCipher, TPM2_ALG_SHA256, &session);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("start a session", code);
    return Status::Ok();
  }

  void Plainly() { tss_.Esys_TRSess_SetAttributes(esys_, session_, TPMA_SESSION_CONTINUESESSION, 0xFF); }

  Bytes NameOf(ESYS_TR handle) const {
    Tss::Owned<TPM2B_NAME> name;
    if (tss_.Esys_TR_GetName(esys_, handle, &name) != TSS2_RC_SUCCESS) return {};
    return platform::ToBytes({name->name, name->size});
  }

  Result<Place> Find(const TpmCounter& counter) {
    ESYS_TR handle = ESYS_TR_NONE;
    TSS2_RC code = tss_.Esys_TR_FromTPMPublic(esys_, counter.index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle);
    if (BareTpmCode(code) == TPM2_RC_HANDLE || BareTpmCode(code) == TPM2_RC_VALUE) return NoSuchCounter();
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("find its counter", code);
    Place place(*this, handle, false);
    Tss::Owned<TPM2B_NV_PUBLIC> facts;
    code = tss_.Esys_NV_ReadPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &facts, nullptr);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("look at its counter", code);
    const TPMS_NV_PUBLIC& found = facts->nvPublic;
    const ByteView tag{found.authPolicy.buffer, found.authPolicy.size};
    const bool ours = std::equal(tag.begin(), tag.end(), counter.tag.begin(), counter.tag.end());
    if (!ours || (found.attributes & ~TPMA_NV_WRITTEN) != kCounterAttributes) return NoSuchCounter();
    place.counted = (found.attributes & TPMA_NV_WRITTEN) != 0;
    return place;
  }

  // Fulfils the condition in a policy session, or spells it out in a trial session.
  Status Satisfy(const TpmCondition& condition, ESYS_TR policy) {
    if (condition.pcrs != 0) {
      const TPML_PCR_SELECTION selection = Selection(condition.pcrs);
      TPM2B_DIGEST expected{};
      Fill(expected, condition.pcr_digest);
      const TSS2_RC code = tss_.Esys_PolicyPCR(esys_, policy, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &expected, &selection);
      if (BareTpmCode(code) == TPM2_RC_VALUE) {
        return platform::Denied("the machine does not start as it did when this was sealed (its PCRs changed)");
      }
      if (code != TSS2_RC_SUCCESS) return TpmRefusal("compare its PCRs", code);
    }
    CPIS_ASSIGN(const Place place, Find(condition.counter));
    platform::ByteWriter value;
    value.U64(condition.value);
    TPM2B_OPERAND operand{};
    Fill(operand, value.bytes());
    Plainly();
    const TSS2_RC code = tss_.Esys_PolicyNV(esys_, place.handle, place.handle, policy, session_, ESYS_TR_NONE, ESYS_TR_NONE,
                                           &operand, 0, TPM2_EO_EQ);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("compare its counter", code);
    return Status::Ok();
  }

  Status PolicyDigest(const TpmCondition& condition, TPM2B_DIGEST& digest) {
    Held trial(*this);
    CPIS_TRY(StartSession(TPM2_SE_TRIAL, trial.handle));
    CPIS_TRY(Satisfy(condition, trial.handle));
    Tss::Owned<TPM2B_DIGEST> computed;
    const TSS2_RC code = tss_.Esys_PolicyGetDigest(esys_, trial.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &computed);
    if (code != TSS2_RC_SUCCESS) return TpmRefusal("compute the policy", code);
    digest = *computed.value;
    return Status::Ok();
  }

  const Tss& tss_ = Tss::Loaded();
  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
  ESYS_TR parent_ = ESYS_TR_NONE;
  ESYS_TR session_ = ESYS_TR_NONE;
};

}  // namespace

Result<std::unique_ptr<Tpm>> Tpm::Open(const std::string& tcti) {
  auto tpm = std::make_unique<EsysTpm>();
  CPIS_TRY(tpm->Start(tcti));
  return std::unique_ptr<Tpm>(std::move(tpm));
}

}  // namespace cpis::crypto
