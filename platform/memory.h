// SPDX-License-Identifier: Apache-2.0
//
// Keeps the resident memory of a daemon near what it needs: a vehicle's computer has other work. And keeps in it nothing that is
// done with: what is freed is wiped (wiped_free.cc, in every program that is linked with this folder).
#pragma once

namespace cpis::platform {

// At the start of main: few malloc arenas, and large blocks (a number key takes 8 MiB for 4 ms) that go back to the system as
// soon as they are freed.
void KeepMemorySmall();

// Gives freed memory back to the system; for after a burst of work. Costs about a millisecond.
void ReturnFreeMemory();

// Overwrites what calls that have returned left on this thread's stack, 64 KiB below the caller. Short strings and the insides of
// ciphers live there: to be called when a request is answered. Costs about 2 µs.
void ScrubStack();

}  // namespace cpis::platform
