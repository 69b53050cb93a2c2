// Uppy 6: one callback that says where each request of S3's protocol goes. Parts go to S3 by a signed URL; the rest goes
// to the API, which answers in S3's XML. An object's key is, here, the upload's id.
import { AwsS3, Uppy } from './uppy-6.js';

export function uppyFor(slots, options) {
  return new Uppy(options).use(AwsS3, {
    shouldUseMultipart: true,
    getChunkSize: ({ size }) => slots.partSize(size),
    generateObjectKey: (file) => file.meta.uploadId,
    signRequest: async ({ method, key, uploadId, partNumber }) => {
      if (method === 'PUT') return { url: await slots.signPart(key, partNumber) };
      return slots.s3(key, uploadId ? `uploadId=${uploadId}` : 'uploads');
    },
  });
}
