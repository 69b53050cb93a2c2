// Uppy 5: callbacks for each step of a multipart upload. They speak JSON to the API; the parts go to S3.
import { AwsS3, Uppy } from './uppy-5.js';

export function uppyFor(slots, options) {
  return new Uppy(options).use(AwsS3, {
    shouldUseMultipart: true,
    getChunkSize: ({ size }) => slots.partSize(size),
    createMultipartUpload: async (file) => ({ uploadId: file.meta.uploadId, key: file.meta.uploadId }),
    signPart: async (file, { uploadId, partNumber, signal }) => ({ url: await slots.signPart(uploadId, partNumber, signal) }),
    listParts: async (file, { uploadId, signal }) =>
      (await slots.parts(uploadId, signal)).map((part) => ({
        PartNumber: part.part_number,
        Size: part.size_bytes,
        ETag: part.etag,
      })),
    completeMultipartUpload: async (file, { uploadId, signal }) => {
      await slots.complete(uploadId, signal);
      return {};
    },
    // Uppy 5 calls this also when a part failed too often. What is stored stays: the page itself gives an upload up,
    // when it is told to cancel.
    abortMultipartUpload: async () => {},
  });
}
