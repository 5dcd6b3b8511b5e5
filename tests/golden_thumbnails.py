"""Thumbnail payloads written once, with the digest of their samples: a file decodes for ever.

Payload, canvas, SHA-256 of the samples (and then the alpha, where there is some).
"""

GOLDEN: list[tuple[str, tuple[int, int], str]] = [
    (
        "4ac2a847b515b4254935d0c6f2a6ba11ff32077f4977d8d5",
        (768, 512),
        "00418af90fbf6480db11d35ff400a49711354ac9f99177e7b202f9f9a86c79bb",
    ),
    (
        (
            "b826815c450026b7ac897caeec2d1d9c9b574de3c932820f1d3874fea008e865b22b47016b910534"
            "cd19c654e3321cbbc1d2148dd234b90ac27f9a46a9480d61c95fec1b9b7ddbec4f5001a9d9b771a1"
            "9bb4f62699580db8852f8e67aea90713d125c878"
        ),
        (768, 512),
        "17f633767a4f5621ebe8b09345cef8f2355cfcbf4cc217e97db42b0f58f71b84",
    ),
    (
        (
            "7f63f9d0865739c71842cf5d3c6113507333963cf2429ebaa5bb0e50ad5bca6c28ab705b507949ec"
            "df621eb2b92349343d0fe46f4cba9fbfc024e047"
        ),
        (512, 768),
        "5a612e7aadf7d5e0be3c7261cae57c9e365b35054489b01c23891c3b36a446b4",
    ),
    (
        (
            "adfe2549d63608e6d1d5d25373fb6c7a1a9242cd3ba66d0e8a1810c6e2f2cd45cdef71a778316397"
            "88b1e30c804d05717a42283357401b9b1f5af1ed7f247dd3a19c422c97cff24a7139d5444b15f302"
            "880430f7caf2955cb48f73977523620d6304f3411d8e965595caaa4d2f688422238ab4a8aa9ba5b3"
            "6dd16b97d8837b9f75e8cfdbf47f8efd8fdeb38a443951ae654391a87f063f0198bf6ceb4401fcf3"
            "e35ae6af35e2e0a4c3fa264d9ee5383cad8cfc15f0bca479c2607f30928fe369ddc4dccbd3098430"
            "baeb9210e8ae87ee6e13e646c30404ae02cd5ceeed792bc9de6709ddda7be0e7dfc0555e3d02ec43"
            "47655df5a0f2b3af2d2e5c97055a283d4633aff5d6502696a779a3833066beccc47047adecb8d54e"
            "f3d5635b61c84beb547fd0b4019c352d6265f792"
        ),
        (1024, 1024),
        "fd7c37f2f643f8f21c92e85e8c75be24f86c4f820321a4d6a737ddc52e3bf5ca",
    ),
    (
        "29deb3a126e62dbb31c7ea03885bf8a72d8e65f5",
        (1000, 1),
        "9c4362ef269aaaf49c4fc7bd3cb4afa8e32e4d9c7c6cf57f3f2c0bc43602436e",
    ),
    (
        "22cf1c5f25fa2fa0a065d921275c87",
        (1024, 1024),
        "b734daacaf4314301717f7ac4e0859ea4d20e7cb499d9bea42cffa1255735094",
    ),
    (
        (
            "8d440c2d923fe0532ce1a097b43a4b6101ea5b33e16e0d2f0c3775030682e4d88c7893d3b33a7f30"
            "0f4583ac0a0558e20c2c4f8396e8b9904a9422daa25ba33c"
        ),
        (500, 400),
        "ed7c50fd7868b51e918756ca4d6b0d876e674fa95536edd05b8e795719eaeeb8",
    ),
    (
        "00b3da4fe5dbb1fa39536548dfddbbceccba05e4dec793a9b5d74cb463f15bcd8af015584d0dce43",
        (65535, 1),
        "95da601ed71ddbca25dcaae417be45f8dfd8cb070e4aaef13dcab44f91704fcc",
    ),
    (
        (
            "ffe544720b8c266bc42f98dc74db7b092a6f8463092f460cc20ad0d780c77a3ea5df910f328d3b4c"
            "ce1e3ffaf23fb482fe03518f94163d5a434106d1470616b746b449509cc446f9c53e74ed875301fd"
            "eace08dd8833679b31fe4cc526b26586d9d51368337f923b6fc817ce7f1be6a72066366b34801f77"
            "6de672fc9591405471025b66ce6740ae00586ca9d21a1b298c6bd397893500c6185bc92cede24770"
            "478025447e6a686c30820961bf4fc123fc9893b422fa5079c7a98eaf543791a870f8f11069db7997"
            "ba2624ba120a72af66a7ffa335722d1258cd4a669b41866e84711ecd7be9aa44821892a6178836e8"
            "1c653ce7d90960b06d7f117fd496950add8e2d863449c5e63fdfe7706f1ecaaaaf8a348387a8dfe9"
            "4a83966523846cd56e8bd9bb294f1ddd4c46647ceae7728424d7f2760ef9a15e1e8c08dff206cb10"
            "07ed28b829cd30c650a2db4dc59bed08bd7b515fbbbb2e06cfe9c10f1f45d1d3e7d9c34e91fbb28c"
            "7ab197d10759dcff964d3640f869b9de6007e3cbe377ecb528d9b23c895d9b84ac6dbbc9ed57d85c"
            "6baa07c7953e76e52c707e17f94ea806f9a026ff4f36ca621428cefe9a70c8a26786159a92d6c4be"
            "bc2a36caed3f5994889bcdb8be86b14694d473114aa1bbcb0dd6735a51cb7bef1092cc01bef1c954"
            "aa1bd63fcf1a70f4d6b1507194fcf2cf462c2651c10d4512a1fa76e06d0d9869fe5fe84ca2c76e28"
            "b8040808f1dfee202b062a7e"
        ),
        (1, 65535),
        "692a3c3490c4898ffe9800abb49c7421a22631b610ecdbacb9eb8bbde19ddaf6",
    ),
    (
        "11c0abb625a7243d7afbf96550",
        (640, 480),
        "ac24bc15cd076e8986ff5a8e7bfe255387bf42e4e2439b10670129097100fc4e",
    ),
]
