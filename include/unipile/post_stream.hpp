// The async generator of posts. (Sketch: owned by the paging room.)
#pragma once
