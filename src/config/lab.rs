//! The lab installation, as it is part of the binary.

/// One file by its name in its folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    pub name: &'static str,
    pub bytes: &'static [u8],
}

macro_rules! file {
    ($folder:literal, $name:literal) => {
        File { name: $name, bytes: include_bytes!(concat!("../../", $folder, "/", $name)) }
    };
}

pub(super) const CONFIG: &str = include_str!("../../sip-configs/cordboard.toml");

pub(super) const FLOWS: &[File] = &[
    file!("sip-configs/flows", "agent-transfer.json"),
    file!("sip-configs/flows", "connecting-to-an-agent-whisper.json"),
    file!("sip-configs/flows", "default-agent-hold.json"),
    file!("sip-configs/flows", "default-agent-transfer.json"),
    file!("sip-configs/flows", "default-agent-whisper.json"),
    file!("sip-configs/flows", "default-customer-hold.json"),
    file!("sip-configs/flows", "default-customer-queue.json"),
    file!("sip-configs/flows", "default-customer-whisper.json"),
    file!("sip-configs/flows", "default-outbound.json"),
    file!("sip-configs/flows", "default-queue-transfer.json"),
    file!("sip-configs/flows", "internal-call-whisper.json"),
    file!("sip-configs/flows", "password-line.json"),
    file!("sip-configs/flows", "queue-agent-whisper.json"),
    file!("sip-configs/flows", "queue-customer-whisper.json"),
    file!("sip-configs/flows", "queue-transfer.json"),
    file!("sip-configs/flows", "support-line.json"),
];

pub(super) const PROMPTS: &[File] = &[
    file!("prompts", "Anna.wav"),
    file!("prompts", "Beep.wav"),
    file!("prompts", "ConnectingToAgent.wav"),
    file!("prompts", "ConnectingToPasswordResetQueue.wav"),
    file!("prompts", "ConnectingToSupportQueue.wav"),
    file!("prompts", "CustomerHold.wav"),
    file!("prompts", "CustomerQueue.wav"),
    file!("prompts", "FailedToTransfer.wav"),
    file!("prompts", "FailedToTransferToQueue.wav"),
    file!("prompts", "FiveSeconds.wav"),
    file!("prompts", "InternalCall.wav"),
    file!("prompts", "John.wav"),
    file!("prompts", "Maria.wav"),
    file!("prompts", "NoAgentsStaffed.wav"),
    file!("prompts", "NotRecorded.wav"),
    file!("prompts", "NowTransferring.wav"),
    file!("prompts", "OutOfHours.wav"),
    file!("prompts", "PasswordReset.wav"),
    file!("prompts", "Peter.wav"),
    file!("prompts", "Support.wav"),
    file!("prompts", "ThankYouForCalling.wav"),
    file!("prompts", "TransferringNow.wav"),
    file!("prompts", "TransferringToAgent.wav"),
    file!("prompts", "Welcome.wav"),
    file!("prompts", "YouAreOnHold.wav"),
    file!("prompts", "index.toml"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_built_in_lab_is_what_the_folders_hold() {
        for (folder, endings, files) in
            [("sip-configs/flows", &["json"][..], FLOWS), ("prompts", &["wav", "toml"][..], PROMPTS)]
        {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let mut there: Vec<String> = fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)))
                .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect();
            there.sort();
            let built_in: Vec<_> = files.iter().map(|file| file.name.to_owned()).collect();
            assert_eq!(built_in, there, "list the files of {} here, in order", folder.display());
        }
    }
}
