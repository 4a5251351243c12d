// SPDX-License-Identifier: Apache-2.0
//
// Keeps the resident memory of a daemon near what it needs: a vehicle's computer has other work.
#pragma once

namespace cpis::platform {

// At the start of main: few malloc arenas, and large blocks (a number key takes 8 MiB for 4 ms) that go back to the system as
// soon as they are freed.
void KeepMemorySmall();

// Gives freed memory back to the system; for after a burst of work. Costs about a millisecond.
void ReturnFreeMemory();

}  // namespace cpis::platform
